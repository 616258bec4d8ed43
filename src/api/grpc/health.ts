/** grpc.health.v1.Health: the server answers, so it is well. */
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";

type Asked = { readonly service: string };

/** HealthCheckResponse.ServingStatus. */
const SERVING = 1;
const SERVICE_UNKNOWN = 3;

/** Adds the service to a router. @param names the services that are well; "" is the server as a whole */
export function addHealth(router: ConnectRouter, service: DescService, names: readonly string[]): void {
	const isWell = ({ service }: Asked): boolean => service === "" || names.includes(service);
	router.service(service, {
		check(asked: Asked) {
			if (!isWell(asked)) throw new ConnectError(`there is no service ${asked.service}`, Code.NotFound);
			return { status: SERVING };
		},
		/** Nothing ever changes: one answer, and silence until the client goes. */
		async *watch(asked: Asked, { signal }: HandlerContext) {
			yield { status: isWell(asked) ? SERVING : SERVICE_UNKNOWN };
			await new Promise<void>((resolve) => {
				if (signal.aborted) resolve();
				else signal.addEventListener("abort", () => resolve(), { once: true });
			});
		},
	} as object);
}

/** gRPC, gRPC-Web and Connect for the server: chore.v1.Jobs, health and reflection. */
import { Readable } from "node:stream";
import { createFileRegistry, type DescMessage, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type Request, type Response, respond } from "./adapter.ts";
import { DESCRIPTORS } from "./descriptors.ts";
import { addHealth } from "./health.ts";
import { addReflection } from "./reflection.ts";
import { addJobs, type ServiceOptions, WHO, type Who } from "./service.ts";

/** A message of a request is no longer than this. */
const LONGEST_BYTES = 1024 * 1024;

/** Answers a request to one of the services, made by somebody who was let in. Never throws. */
export type GrpcHandler = (request: Request, response: Response, who: Who) => void;

/** Makes the handler for the paths of all services: `/chore.v1.Jobs/…` and `/grpc.…`. */
export function createGrpcHandler(options: ServiceOptions): GrpcHandler {
	const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64")));
	const service = (name: string): DescService => there(registry.getService(name), name);
	const problem: DescMessage = there(registry.getMessage("chore.v1.Problem"), "Problem");
	const jobs = service("chore.v1.Jobs");
	// No compression: a small body could become one of gigabytes.
	const router = createConnectRouter({ acceptCompression: [], readMaxBytes: LONGEST_BYTES });
	addJobs(router, jobs, problem, options);
	addHealth(router, service("grpc.health.v1.Health"), [jobs.typeName]);
	for (const version of ["v1", "v1alpha"]) addReflection(router, service(`grpc.reflection.${version}.ServerReflection`), registry);
	const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
	return (request, response, who) => {
		const [path = ""] = (request.url ?? "").split("?");
		const handler = handlers.get(path) ?? unknown;
		respond(handler, request, response, createContextValues().set(WHO, who)).catch(options.report);
	};
}

/** Says in the words of the protocol that there is no such method. */
async function unknown({ url, header }: UniversalServerRequest): Promise<UniversalServerResponse> {
	const message = `there is no method ${new URL(url).pathname}`;
	const type = header.get("content-type") ?? "";
	if (type.startsWith("application/grpc")) {
		const status = { "grpc-status": String(Code.Unimplemented), "grpc-message": encodeURIComponent(message) };
		return { status: 200, header: new Headers({ "content-type": type, ...status }) };
	}
	const body = Readable.from([Buffer.from(JSON.stringify({ code: "unimplemented", message }))]);
	return { status: 404, header: new Headers({ "content-type": "application/json" }), body };
}

function there<T>(found: T | undefined, name: string): T {
	if (found === undefined) throw new Error(`${name} is not in proto/`);
	return found;
}

/** grpc.reflection: tells tools what services there are, and their messages. */
import { type DescFile, type DescService, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";

/** What of a question and its answer is used here. */
interface Question {
	readonly host: string;
	readonly messageRequest: { readonly case: string | undefined; readonly value?: unknown };
}

/** Adds the service to a router. @param service of version v1 or v1alpha, which are alike */
export function addReflection(router: ConnectRouter, service: DescService, registry: FileRegistry): void {
	router.service(service, {
		async *serverReflectionInfo(questions: AsyncIterable<Question>) {
			for await (const question of questions) {
				yield { validHost: question.host, originalRequest: question, messageResponse: answer(registry, question) };
			}
		},
	} as object);
}

function answer(registry: FileRegistry, { messageRequest: { case: kind, value } }: Question): object {
	switch (kind) {
		case "listServices": {
			const names = [...registry].filter(({ kind }) => kind === "service").map(({ typeName }) => ({ name: typeName }));
			return { case: "listServicesResponse", value: { service: names } };
		}
		case "fileByFilename":
			return fileAnswer([...registry.files].find(({ proto }) => proto.name === value));
		case "fileContainingSymbol":
			return fileAnswer(registry.get(ofSymbol(registry, String(value)))?.file);
		default:
			return fileAnswer(undefined); // there are no extensions
	}
}

/** The type or service that a symbol is, or the service that a method is part of. */
function ofSymbol(registry: FileRegistry, symbol: string): string {
	return registry.get(symbol) === undefined ? symbol.slice(0, Math.max(symbol.lastIndexOf("."), 0)) : symbol;
}

/** The files import no others. */
function fileAnswer(file: DescFile | undefined): object {
	if (file === undefined)
		return { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage: "there is no such thing here" } };
	return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [toBinary(FileDescriptorProtoSchema, file.proto)] } };
}

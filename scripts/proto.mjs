// Makes src/api/grpc/descriptors.ts from proto/ by protoc(1): what the server knows of its services and messages, without the
// comments. `proto.mjs --print` prints it instead, for the test that compares it with the file.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const files = readdirSync("proto", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".proto"));
const folder = mkdtempSync(join(tmpdir(), "chore-proto-"));
try {
	execFileSync("protoc", ["-I", "proto", "--descriptor_set_out", join(folder, "set"), ...files.sort()]);
	const text = readFileSync(join(folder, "set")).toString("base64");
	const module = `/** The services and messages of proto/ as a FileDescriptorSet, in base64. Made by \`npm run proto\`. */\nexport const DESCRIPTORS: string =\n\t"${text}";\n`;
	if (process.argv.includes("--print")) process.stdout.write(module);
	else writeFileSync("src/api/grpc/descriptors.ts", module);
} finally {
	rmSync(folder, { recursive: true, force: true });
}

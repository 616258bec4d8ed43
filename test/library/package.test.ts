/** The package as users get it: what is in it, and that it works without anything beside it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

describe("the package", () => {
	const folder = mkdtempSync(join(tmpdir(), "chore-package-"));
	let files: readonly string[] = [];
	before(() => {
		// --ignore-scripts: it is built already, and others may be using it.
		const [packed] = JSON.parse(
			execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "ignore"],
			}),
		);
		files = packed.files.map(({ path }: { readonly path: string }) => path);
		execFileSync("tar", ["-xzf", join(folder, packed.filename), "-C", folder]);
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	test("holds what it needs and nothing else", () => {
		// npm always packs what "main" names: that is the extension, which the editor finds there.
		const unexpected = files.filter(
			(path) =>
				!/^(dist\/(api-[a-z]+|cli|cli-[a-z]+|client|core-[a-z-]+|extension|platform-[a-z-]+|serve)\.cjs|dist\/index\.js|dist\/client\.mjs|dist\/types\/.*\.d\.ts|man\/chore\.[17]|schema\/(chore|api)\.schema\.json|schema\/openapi\.json|proto\/chore\/v1\/chore\.proto|package\.json|README\.md|LICENSE|(CHANGELOG|CONTRIBUTING|SECURITY)\.md)$/.test(
					path,
				),
		);
		assert.deepEqual(unexpected, []);
		for (const path of [
			"dist/cli.cjs",
			"dist/index.js",
			"dist/client.mjs",
			"dist/types/src/client/index.d.ts",
			"dist/types/src/index.d.ts",
			"dist/platform-posix.cjs",
			"man/chore.1",
			"schema/chore.schema.json",
			"schema/api.schema.json",
			"schema/openapi.json",
			"proto/chore/v1/chore.proto",
			"LICENSE",
			"README.md",
		])
			assert.ok(files.includes(path), path);
	});

	test("has no dependency at run time", () => {
		const manifest = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
		assert.deepEqual([manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies], [undefined, undefined, undefined]);
	});

	test("has no script that an install of it would run, or ask about", () => {
		const manifest = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"));
		const names = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish"];
		assert.deepEqual(
			names.filter((name) => name in manifest.scripts),
			[],
		);
	});

	test("runs a job through the library, far from any node_modules", () => {
		const program = `
			import { openChore } from ${JSON.stringify(join(folder, "package/dist/index.js"))};
			const chore = await openChore({ home: ${JSON.stringify(join(folder, "home"))}, platform: "posix" });
			const job = await chore.run({ command: ["sh", "-c", "echo hello; exit 3"] });
			const end = await chore.wait(job.id);
			let text = "";
			for await (const { bytes } of chore.logs(job.id)) text += Buffer.from(bytes);
			await chore.close();
			console.log(JSON.stringify([end.state, end.exitCode, text, Object.isFrozen(end)]));
		`;
		writeFileSync(join(folder, "use.mjs"), program);
		const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "use.mjs")], { encoding: "utf8", cwd: folder });
		assert.equal(stdout, '["failed",3,"hello\\n",true]\n', stderr);
	});

	test("has the client by a name of its own, far from any node_modules", () => {
		// A package finds itself by its name.
		const program = `
			import { connect } from "chore-jobs/client";
			const remote = await connect("unix:/nowhere/api.sock");
			console.log(await remote.list().catch(({ code }) => code));
		`;
		writeFileSync(join(folder, "package/use-client.mjs"), program);
		const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "package/use-client.mjs")], { encoding: "utf8", cwd: folder });
		assert.equal(stdout, "SERVER_UNREACHABLE\n", stderr);
	});

	test("runs a job from the command line, far from any node_modules", () => {
		const { stdout, status } = spawnSync(
			process.execPath,
			[join(folder, "package/dist/cli.cjs"), "run", "--follow", "--", "echo", "hello from chore"],
			{
				encoding: "utf8",
				cwd: folder,
				env: { ...process.env, CHORE_HOME: join(folder, "home"), CHORE_PLATFORM: "posix" },
			},
		);
		assert.deepEqual([stdout, status], ["hello from chore\n", 0]);
	});

	test("its declarations need nothing that is not in it", () => {
		writeFileSync(
			join(folder, "use.ts"),
			`import { openChore, type Job, type Jobs } from "./package/dist/index.js";
			import { connect } from "./package/dist/types/src/client/index.js";
			export const job: Promise<Job> = openChore().then((chore) => chore.run({ command: ["true"] }));
			export const jobs: Promise<Jobs> = connect("ssh://build");\n`,
		);
		writeFileSync(join(folder, "package/dist/index.d.ts"), 'export * from "./types/src/index.js";\n');
		const { stdout, status } = spawnSync(
			join(process.cwd(), "node_modules/.bin/tsc"),
			[
				"--ignoreConfig",
				"--noEmit",
				"--strict",
				"--module",
				"nodenext",
				"--target",
				"es2023",
				"--lib",
				"es2023,esnext.disposable",
				"--typeRoots",
				join(process.cwd(), "node_modules/@types"),
				"--types",
				"node",
				join(folder, "use.ts"),
			],
			{ encoding: "utf8", cwd: folder },
		);
		assert.equal(status, 0, stdout);
	});
});

// Builds dist/: the command line, the extension, the library and the declarations. Each platform is a file of its own, so
// that it is loaded only when it is used.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import "./embed.mjs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
rmSync("dist", { recursive: true, force: true });

/** Entry points that are loaded only when they are used: `import()` of one of them loads its own bundle at run time. */
const apart = {
	"api-grpc": "src/api/grpc/handler.ts",
	"api-identity": "src/api/identity/keep.ts",
	"cli-program": "src/cli/program.ts",
	"cli-scripts": "src/cli/scripts.ts",
	"cli-toml": "src/cli/toml.ts",
	"cli-width": "src/cli/width.ts",
	client: "src/client/index.ts",
	"core-next-times": "src/core/schedule/next-times.ts",
	"platform-launchd": "platform/launchd/index.ts",
	"platform-posix": "platform/posix/index.ts",
	"platform-systemd": "platform/systemd/index.ts",
	"platform-systemd-manager": "platform/systemd/platform.ts",
	serve: "src/api/serve.ts",
};
const loadedWhenUsed = {
	name: "loaded-when-used",
	setup(builder) {
		builder.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
			if (kind !== "dynamic-import") return undefined;
			const name = Object.keys(apart).find((name) => resolve(apart[name]) === resolve(resolveDir, path));
			return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
		});
	},
};

/** The server is started by the command line only, whose bundle has the library: it is not loaded a second time. */
const withLibraryOfCommandLine = {
	name: "with-library-of-command-line",
	setup(builder) {
		builder.onResolve({ filter: /\/index\.ts$/ }, ({ path, resolveDir }) =>
			resolve(resolveDir, path) === resolve("src/index.ts") ? { path: "./cli-program.cjs", external: true } : undefined,
		);
	},
};

/**
 * Leaves out two XML parsers, half of the code of the platforms. chore never calls them: dbus-next parses introspection
 * data with xml2js, and plist parses property lists with @xmldom/xmldom.
 */
const withoutParsers = {
	name: "without-parsers",
	setup(builder) {
		builder.onResolve({ filter: /^(xml2js|@xmldom\/xmldom)$/ }, ({ path }) => ({ path, namespace: "left-out" }));
		builder.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "exports.Builder = exports.DOMParser = class {};" }));
	},
};

/** Modules of Node that few commands need and that take milliseconds to load. Each is loaded when one of its exports is first used. */
const builtinsWhenUsed = {
	name: "builtins-when-used",
	setup(builder) {
		builder.onResolve({ filter: /^(node:)?(child_process|crypto|net|fs\/promises|timers\/promises|tty|vm)$/ }, ({ path, namespace }) =>
			namespace === "when-used" ? { path, external: true } : { path, namespace: "when-used" },
		);
		builder.onLoad({ filter: /.*/, namespace: "when-used" }, async ({ path }) => {
			const names = Object.keys((await import(path)).default).filter((name) => /^\w+$/.test(name));
			const get = `get:()=>require(${JSON.stringify(path)})[name]`;
			return { contents: `for(const name of ${JSON.stringify(names)})Object.defineProperty(exports,name,{enumerable:true,${get}})` };
		});
	},
};

const common = {
	bundle: true,
	platform: "node",
	target: "node20.19",
	minifySyntax: true,
	minifyWhitespace: true,
	legalComments: "none",
	logLevel: "warning",
	define: { CHORE_VERSION: JSON.stringify(version) },
	plugins: [loadedWhenUsed, withoutParsers],
};

const commonJs = {
	...common,
	outdir: "dist",
	outExtension: { ".js": ".cjs" },
	format: "cjs",
	// Makes `import()` a require(): for import() of CommonJS, Node parses the file twice to find its exports.
	supported: { "dynamic-import": false },
	external: ["x11", "usocket", "vscode"],
	plugins: [...common.plugins, builtinsWhenUsed],
	inject: ["scripts/clock.mjs"],
};

const { serve, "api-grpc": grpc, "api-identity": identity, ...others } = apart;
await Promise.all([
	// The extension and the command line share the bundles in `apart`. Each has its own copy of all other code.
	build({ ...commonJs, entryPoints: { extension: "extension/main.ts", ...others } }),
	build({
		...commonJs,
		entryPoints: { serve, "api-grpc": grpc, "api-identity": identity },
		plugins: [withLibraryOfCommandLine, ...commonJs.plugins],
	}),
	build({ ...common, entryPoints: { index: "src/index.ts" }, outdir: "dist", format: "esm" }),
	build({ ...common, entryPoints: { client: "src/client/index.ts" }, outdir: "dist", outExtension: { ".js": ".mjs" }, format: "esm" }),
]);
// The hash of these bundles is in the name of the folder for the code that V8 compiles from them (src/cli/code-cache.ts).
const contents = createHash("sha256");
for (const name of Object.keys(apart).sort()) {
	const content = readFileSync(`dist/${name}.cjs`, "latin1");
	if (/[^\0-\x7f]/.test(content)) throw new Error(`dist/${name}.cjs is not ASCII, which it is read as`);
	contents.update(content);
}
await build({
	...commonJs,
	entryPoints: { cli: "src/cli/main.ts" },
	define: { ...common.define, CHORE_BUILD: JSON.stringify(contents.digest("hex").slice(0, 16)) },
});
chmodSync("dist/cli.cjs", 0o755);
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });

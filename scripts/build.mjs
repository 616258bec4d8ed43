// Builds dist/: the command line and the library, each platform in a file of its own so that it is loaded only when used,
// and the declarations.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";
import "./embed.mjs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
rmSync("dist", { recursive: true, force: true });

/** Leaves `import("./posix/index.ts")` of the registry a real import, of the file built from it. */
const platformsApart = {
	name: "platforms-apart",
	setup(builder) {
		builder.onResolve({ filter: /^\.\/[a-z]+\/index\.ts$/ }, ({ path, kind }) =>
			kind === "dynamic-import" ? { path: `./platform-${path.split("/")[1]}.cjs`, external: true } : undefined,
		);
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
	plugins: [platformsApart],
};

await Promise.all([
	build({
		...common,
		entryPoints: {
			cli: "src/cli/main.ts",
			"platform-systemd": "platform/systemd/index.ts",
			"platform-posix": "platform/posix/index.ts",
		},
		outdir: "dist",
		outExtension: { ".js": ".cjs" },
		format: "cjs",
		external: ["x11", "usocket"],
	}),
	build({ ...common, entryPoints: { index: "src/index.ts" }, outdir: "dist", format: "esm" }),
]);
chmodSync("dist/cli.cjs", 0o755);
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });

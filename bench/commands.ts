/** The commands that do next to nothing: what is left is loading. */
import type { Benchmark } from "./support/benchmark.ts";
import { command } from "./support/scene.ts";
import { BARE_NODE, inTurns, timed } from "./support/timing.ts";

const LOADING = "nearly all is loading the code of the command line and of Node's streams for its output";

export const commands: Benchmark = {
	name: "commands",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const environment = scene.environment(scene.newSession());
		const cost = (words: readonly string[]) => () => timed(words, environment).ms;
		const [version = 0, ps = 0, bare = 0] = await inTurns(
			scene.rounds(25),
			cost(command("--version")),
			cost(command("ps")),
			cost(BARE_NODE),
		);
		const peer = { name: "node -e 0", value: bare };
		const psRow = { what: "ps, no jobs", unit: "ms", chore: ps, peer, bound: { of: "ratio", atMost: 1.5 }, rest: LOADING } as const;
		if (scene.platform === "systemd") return [psRow];
		return [{ what: "--version", unit: "ms", chore: version, peer, bound: { of: "ratio", atMost: 1.3 } }, psRow];
	},
};

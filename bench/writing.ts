/** What it costs a job to write: as much as into a plain file, since it is one. */
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./support/benchmark.ts";
import { inTurns, textOf, timed } from "./support/timing.ts";

const WRITER = fileURLToPath(new URL("writer.js", import.meta.url));

export const writing: Benchmark = {
	name: "writing",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const chore = await scene.open(scene.newSession());
		const words = (report: string): readonly string[] => [process.execPath, WRITER, join(scene.folder, report)];
		let round = 0;
		const [job = 0, plain = 0] = await inTurns(
			scene.rounds(31),
			async () => {
				const report = `job.${++round}`;
				const { id } = await chore.run({ command: words(report) });
				const { state, output } = await chore.wait(id);
				if (state !== "succeeded") throw new Error(`the writer ${state}`);
				// Data that is written to the disk later would disturb the next round.
				for (const path of output.paths) truncateSync(path);
				return Number(textOf(join(scene.folder, report)));
			},
			() => {
				const file = join(scene.folder, "plain");
				timed(["sh", "-c", 'file=$1; shift; exec "$@" >"$file" 2>&1', "sh", file, ...words("plain.ms")], process.env);
				truncateSync(file);
				return Number(textOf(join(scene.folder, "plain.ms")));
			},
		);
		const peer = { name: "the same >file", value: plain };
		return [{ what: "a job writes 50 MB", unit: "ms", chore: job, peer, bound: { of: "ratio", atMost: 1.05 } }];
	},
};

/** `chore run`, from the prompt to the prompt. */
import type { Benchmark } from "./support/benchmark.ts";
import type { Row } from "./support/row.ts";
import { command } from "./support/scene.ts";
import { BARE_NODE, inTurns, textOf, timed, until } from "./support/timing.ts";

/** Besides loading the code, which is what `ps` takes. */
const REST = {
	posix: "more than half is loading code, as for `ps`; the rest are the job's files and two forks of Node",
	systemd: "half is loading code, as for `ps`, and that of D-Bus; the rest are the job's files and waiting for the manager",
};

export const run: Benchmark = {
	name: "run",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const session = scene.newSession();
		const { platform } = scene;
		const environment = scene.environment(session);
		const start = async (): Promise<number> => {
			const { ms, output } = timed(command("run", "--", "true"), environment);
			// Its end is not to be in the way of what comes next.
			const record = `${scene.runFolder(session, output.trim())}/exit`;
			await until("the job's end is recorded", () => textOf(record).trim() !== "");
			return ms;
		};
		const bare = (): number => timed(BARE_NODE, environment).ms;
		const native = (): number => timed(["systemd-run", "--user", "--quiet", "true"], environment).ms;
		const [ours = 0, node = 0, systemdRun = 0] = await inTurns(scene.rounds(25), start, bare, ...(platform === "systemd" ? [native] : []));
		const row = { what: "run -- true", unit: "ms", chore: ours } as const;
		const rows: Row[] = [
			{
				...row,
				peer: { name: "node -e 0", value: node },
				bound: { of: "ratio", atMost: platform === "systemd" ? 2.3 : 1.7 },
				rest: REST[platform],
			},
		];
		if (platform === "systemd") rows.push({ ...row, peer: { name: "systemd-run --user true", value: systemdRun }, bound: null });
		return rows;
	},
};

/** Refuses what of a job cannot be had from another machine: what belongs to the process that asks. Pure but for CHORE_HOST. */
import { UsageError } from "./failure.ts";
import { hostOf } from "./open.ts";
import type { CommonOptions } from "./settings.ts";

interface Words extends CommonOptions {
	readonly sameDir?: boolean;
	readonly stdin?: string;
	readonly sliceInherit?: boolean;
	readonly refreshEnvironment?: boolean;
	readonly data?: string;
}

/** @throws UsageError */
export function refuseFar(options: Words): void {
	if (hostOf(options) === undefined) return;
	const { sameDir, stdin, sliceInherit, refreshEnvironment, data } = options;
	if (sameDir) throw new UsageError("--same-dir is not possible on another machine", "--working-directory takes a path of that machine");
	if (stdin !== undefined && stdin !== "null" && stdin !== "fifo")
		throw new UsageError("--stdin takes no file on another machine", "with --stdin fifo, `chore send JOB - < FILE` sends it");
	if (sliceInherit) throw new UsageError("--slice-inherit is not possible on another machine", "--slice names a slice of that machine");
	if (refreshEnvironment) throw new UsageError("--refresh-environment is not possible on another machine", "-E sets single variables");
	if (data?.startsWith("@") && data !== "@-")
		throw new UsageError("--data takes no file on another machine", `its content is sent by: --data @- < ${data.slice(1)}`);
}

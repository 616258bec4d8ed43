/** Finds services whose job's folder is gone. That happens when the waiter is killed and the folder is deleted by hand. */
import { existsSync } from "node:fs";
import type { Stray } from "../contract.ts";
import { currentDomain } from "./domain.ts";
import { Code, type Launchctl } from "./launchctl.ts";
import { parsePrinted } from "./print.ts";
import { jobOf, look } from "./service.ts";

/** See Platform.strays. Lists the caller's own domain only: launchctl cannot list another. */
export async function straysOf(launchctl: Launchctl, uid: number): Promise<readonly Stray[]> {
	const { code, out } = await launchctl.call("list");
	if (code !== Code.done) return [];
	const domain = await currentDomain(launchctl, uid);
	const strays: Stray[] = [];
	for (const line of out.split("\n")) {
		const label = line.split("\t")[2] ?? "";
		const jobId = jobOf(label);
		if (jobId === undefined) continue;
		const target = `${domain.name}/${label}`;
		const known = await look(launchctl, target);
		if (known.kind !== "loaded") continue;
		const { path, pid } = parsePrinted(known.text);
		if (path === null || existsSync(path)) continue;
		strays.push({ name: label, jobId, active: pid !== null, cure: `launchctl bootout ${target}` });
	}
	return strays;
}

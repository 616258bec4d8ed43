/** Finds services whose job's folder is gone. That happens when the waiter is killed and the folder is deleted by hand. */
import { existsSync } from "node:fs";
import type { Stray } from "../contract.ts";
import { domainsOf } from "./domain.ts";
import type { Launchctl } from "./launchctl.ts";
import { parsePrinted } from "./print.ts";
import { labelsIn, look } from "./service.ts";

/** See Platform.strays. */
export async function straysOf(launchctl: Launchctl, uid: number): Promise<readonly Stray[]> {
	const strays: Stray[] = [];
	for (const { name: domain } of Object.values(domainsOf(uid))) {
		const { out } = await launchctl.call("print", domain);
		for (const { label, jobId } of labelsIn(out)) {
			const target = `${domain}/${label}`;
			const known = await look(launchctl, target);
			if (known.kind !== "loaded") continue;
			const { path, pid } = parsePrinted(known.text);
			if (path === null || existsSync(path)) continue;
			strays.push({ name: label, jobId, active: pid !== null, cure: `launchctl bootout ${target}` });
		}
	}
	return strays;
}

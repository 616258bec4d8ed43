/**
 * Finds services of runs whose job's folder is gone, which happens when the waiter is killed and the folder is deleted by hand; and
 * agents whose job is gone.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Stray } from "../contract.ts";
import { shellWord } from "../shell-word.ts";
import { agentFile, jobFolderIn } from "./agent.ts";
import { domainsOf } from "./domain.ts";
import type { Launchctl } from "./launchctl.ts";
import { parsePrinted } from "./print.ts";
import { agentsIn } from "./schedules.ts";
import { labelsIn, look } from "./service.ts";

/** See Platform.strays. */
export async function straysOf(launchctl: Launchctl, uid: number, agents: string): Promise<readonly Stray[]> {
	return [...(await services(launchctl, uid)), ...(await strayAgents(launchctl, uid, agents))];
}

async function services(launchctl: Launchctl, uid: number): Promise<readonly Stray[]> {
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

/** Also those that are not loaded: launchd would load them at the next login. */
async function strayAgents(launchctl: Launchctl, uid: number, agents: string): Promise<readonly Stray[]> {
	const strays: Stray[] = [];
	for (const { label, jobId } of agentsIn(agents)) {
		const path = `${agents}/${agentFile(label)}`;
		const folder = jobFolderIn(textOf(path));
		if (folder === undefined || existsSync(folder)) continue;
		const targets = Object.values(domainsOf(uid)).map(({ name }) => `${name}/${label}`);
		const loaded: string[] = [];
		for (const target of targets) if ((await look(launchctl, target)).kind === "loaded") loaded.push(target);
		const cure = [...loaded.map((target) => `launchctl bootout ${target}`), `rm ${shellWord(path)}`].join("; ");
		strays.push({ name: label, jobId, active: false, cure });
	}
	return strays;
}

/** Nothing, of a file that is being removed, or cannot be read. */
function textOf(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}

/** Deletes files by another process, for what may take longer than a command has: seconds for ten gigabytes on ext4. */
import { spawn } from "node:child_process";

/**
 * Deletes by rm(1), so that this process can go on. What is left if that is killed, a later command finds in the trash.
 *
 * @param inPassing resolve at once
 */
export async function removeBeside(paths: readonly string[], inPassing: boolean): Promise<void> {
	const remover = spawn("rm", ["-rf", ...paths], { stdio: "ignore", detached: true });
	const ended = new Promise((resolve) => remover.once("exit", resolve).once("error", resolve));
	if (inPassing) remover.unref();
	else await ended;
}

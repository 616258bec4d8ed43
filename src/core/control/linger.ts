/** Asks the system to let this user's jobs outlive the last logout. */
import type { LogoutFate } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";

/** @see Chore.linger in chore.ts */
export async function linger(context: Context): Promise<LogoutFate> {
	const platform = await context.platforms.choose(context);
	if (platform.linger === undefined) {
		const fate = await platform.logout();
		const why = fate.survives ? "its jobs outlive the logout as it is" : fate.reason;
		throw new ChoreError("PLATFORM_FAILED", `there is nobody to ask for lingering on the platform ${platform.name}: ${why}`, {
			hint: fate.survives ? "`chore doctor` shows which platform is used, and why" : fate.cure,
		});
	}
	await platform.linger();
	const fate = await platform.logout();
	if (fate.survives) return fate;
	throw new ChoreError("PLATFORM_FAILED", `lingering was asked for, and nobody refused; but ${fate.reason}`, {
		hint: "`loginctl show-user $USER` shows what logind knows",
	});
}

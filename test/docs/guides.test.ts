/** The guides: every transcript in them is run, on a real user manager, and prints what is shown. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { describe, test } from "node:test";
import { Cli, PATIENCE } from "../support/cli.ts";
import { isAsShown, outputsIn, scriptOf, stepsIn, withoutChance } from "../support/transcript.ts";
import { userManager } from "../support/user-manager.ts";

const { skip } = userManager(import.meta);

describe("the guide", () => {
	for (const name of readdirSync("site/guides")) {
		test(`${name} shows what its commands print`, { skip, ...PATIENCE }, async () => {
			const steps = stepsIn(readFileSync(`site/guides/${name}`, "utf8"));
			assert.ok(steps.length > 0, "there is no transcript");
			await using cli = new Cli({
				HOME: process.env["HOME"],
				XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"],
				DBUS_SESSION_BUS_ADDRESS: process.env["DBUS_SESSION_BUS_ADDRESS"],
				CHORE_PLATFORM: undefined,
			});
			try {
				const { stdout } = await cli.shell(scriptOf(steps));
				const asAtHome = stdout
					.replaceAll(cli.state, "~/.local/state/chore")
					.replaceAll(cli.directory, "~/app")
					.replaceAll(userInfo().username, "alice");
				// Ids are told apart over the whole guide.
				const printed = outputsIn(withoutChance(asAtHome));
				const shown = outputsIn(withoutChance(steps.map(({ output }) => `\u001e${output}\n`).join("")));
				for (const [index, { command }] of steps.entries()) {
					const [is = "", wanted = ""] = [printed[index], shown[index]];
					if (!isAsShown(is, wanted)) assert.equal(is, wanted, command);
				}
				assert.equal(printed.length, steps.length);
			} finally {
				// Jobs and timers belong to the manager, which stays where it is the user's own.
				await cli.shell("chore ps -aq | xargs -r chore rm -f");
			}
		});
	}
});

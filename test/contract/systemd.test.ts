/** The systemd platform on a real user manager. */
import { execFileSync } from "node:child_process";
import * as systemd from "../../platform/systemd/index.ts";
import { userManager } from "../support/user-manager.ts";
import { testPlatform } from "./suite.ts";

const { skip } = userManager(import.meta);
const systemctl = async (verb: string): Promise<void> => {
	execFileSync("systemctl", ["--user", verb]);
};

testPlatform({
	title: "systemd",
	name: "systemd",
	load: async () => systemd,
	skip,
	disturbances: [
		{ what: "daemon-reload", act: () => systemctl("daemon-reload") },
		{ what: "daemon-reexec", act: () => systemctl("daemon-reexec") },
	],
});

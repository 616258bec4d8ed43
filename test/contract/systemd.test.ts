/** The systemd platform on a real user manager. */
import { execFileSync } from "node:child_process";
import * as systemd from "../../platform/systemd/index.ts";
import { testPlatform } from "./suite.ts";

const detection = systemd.detect();
const systemctl = async (verb: string): Promise<void> => {
	execFileSync("systemctl", ["--user", verb]);
};

testPlatform({
	title: "systemd",
	name: "systemd",
	load: async () => systemd,
	skip: !detection.available && detection.reason,
	disturbances: [
		{ what: "daemon-reload", act: () => systemctl("daemon-reload") },
		{ what: "daemon-reexec", act: () => systemctl("daemon-reexec") },
	],
});

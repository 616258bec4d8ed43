/** The launchd platform on this Mac, where this is one. */
import * as launchd from "../../platform/launchd/index.ts";
import { testPlatform } from "./suite.ts";

const { available, reason } = launchd.detect();
testPlatform({
	title: "launchd on this Mac",
	name: "launchd",
	load: async () => launchd,
	skip: !available && reason,
	disturbances: [],
	shell: "bash",
});

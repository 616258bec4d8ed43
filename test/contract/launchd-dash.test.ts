/** dash may be chosen as /bin/sh of macOS. */
import { testLaunchdUnder } from "./launchd.ts";

testLaunchdUnder("dash", ["/bin/dash"]);

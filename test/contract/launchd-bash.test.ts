/** bash is /bin/sh of macOS, in its version 3.2. */
import { testLaunchdUnder } from "./launchd.ts";

testLaunchdUnder("bash", ["/bin/bash", "--posix"]);

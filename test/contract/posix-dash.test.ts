/** Debian's /bin/sh, and close to that of the BSDs. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("dash", ["/bin/dash"]);

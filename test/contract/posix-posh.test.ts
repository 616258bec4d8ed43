/** A shell that has nothing beyond Debian's policy. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("posh", ["/bin/posh"]);

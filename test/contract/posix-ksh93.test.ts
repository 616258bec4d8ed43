/** The original Korn shell. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("ksh93", ["/bin/ksh93"]);

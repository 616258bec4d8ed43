/** A Korn shell, as OpenBSD's is. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("mksh", ["/bin/mksh"]);

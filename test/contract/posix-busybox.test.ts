/** The ash of Alpine and of small systems. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("busybox", ["/bin/busybox", "ash"]);

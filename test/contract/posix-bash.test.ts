/** /bin/sh of many Linux distributions. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("bash", ["/bin/bash", "--posix"]);

/** The strictest reader of POSIX. */
import { testPosixUnder } from "./posix.ts";

testPosixUnder("yash", ["/bin/yash"], {
	asciiOnly: "yash reads text by the locale, and a job's shell begins in the C locale",
});

/** The stand-in over stdin and stdout, as `chore serve --stdio`: with the jobs of the state folder in the first word. */
import { Duplex } from "node:stream";
import { openChore } from "../../src/index.ts";
import { StandIn } from "./stand-in.ts";

const chore = await openChore({ home: process.argv[2], platform: "posix" });
new StandIn(chore).over(Duplex.from({ writable: process.stdout, readable: process.stdin }));
process.stdin.once("close", () => process.exit());

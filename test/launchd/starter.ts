/** Starts jobs from a process of its own: `node starter.js HOME LAUNCHCTL COUNT`. */
import { Chore } from "../../src/core/chore.ts";
import { moduleOf } from "./support.ts";

const [home = "", launchctl = "", count = "0"] = process.argv.slice(2);
const chore = new Chore([{ name: "launchd", scope: "user", load: async () => moduleOf(launchctl) }], "test", { home });
await Promise.all(Array.from({ length: Number(count) }, () => chore.run({ command: ["/bin/sh", "-c", "exit 5"] })));
await chore.close();

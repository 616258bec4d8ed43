/** Starts many jobs through one handle and prints how many milliseconds that took. A process of its own, cold like its peers. */
import { inFlight } from "./support/in-flight.ts";
import { loadLibrary } from "./support/scene.ts";

const [home, session, platform, count, width, acknowledge] = process.argv.slice(2);
const { openChore } = await loadLibrary();
await using chore = await openChore({ home, session, platform });
const began = performance.now();
await inFlight(Number(count), Number(width), () => chore.run({ command: ["true"], acknowledge: acknowledge === "acknowledged" }));
console.log(performance.now() - began);

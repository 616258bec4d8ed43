/** What each benchmark is, to whoever runs them. */
import type { NotMeasured, Row } from "./row.ts";
import type { PlatformName, Scene } from "./scene.ts";

export interface Benchmark {
	/** By which it is chosen on the command line. */
	readonly name: string;
	readonly platforms: readonly PlatformName[];
	/** Runs on the scene's platform. What cannot be measured here is named, not an error. */
	measure(scene: Scene): Promise<readonly (Row | NotMeasured)[]>;
}

/** The interface of a benchmark. */
import type { NotMeasured, Row } from "./row.ts";
import type { PlatformName, Scene } from "./scene.ts";

export interface Benchmark {
	/** Chooses it on the command line. */
	readonly name: string;
	readonly platforms: readonly PlatformName[];
	/** Runs on the scene's platform. Returns a NotMeasured, and throws no error, for what cannot be measured here. */
	measure(scene: Scene): Promise<readonly (Row | NotMeasured)[]>;
}

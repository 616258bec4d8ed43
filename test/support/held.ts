/** The fake platform, changed for a test: a method in the place of its own, or starts that wait. */
import type { Platform, PlatformModule } from "../../platform/contract.ts";
import { fakePlatform } from "./fake-platform.ts";

/** The fake platform with other methods in the place of some of its own. */
export function fakeWith(change: (original: Platform) => Partial<Platform>): PlatformModule {
	return {
		...fakePlatform,
		open: async (context) => {
			const platform = await fakePlatform.open(context);
			const { start, inspect, stop, schedules } = platform;
			const methods = { start: start.bind(platform), inspect: inspect.bind(platform), stop: stop.bind(platform) };
			const original = { ...methods, schedules } as Platform;
			return Object.assign(platform, change(original));
		},
	};
}

/** A platform whose starts wait until they are let go. */
export function held(): { readonly module: PlatformModule; letGo(): void } {
	let letGo = (): void => {};
	const told = new Promise<void>((resolve) => {
		letGo = resolve;
	});
	const module = fakeWith((original) => ({
		start: async (...given) => {
			await told;
			return original.start(...given);
		},
	}));
	return { module, letGo: () => letGo() };
}

/** Reads and checks the options in systemd's own words: the unit's name, its slice, its properties. Pure. */

import { closest } from "../closest.ts";
import type { Capabilities, NativeOptions, RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { readProperties } from "./properties.ts";
import { printable } from "./property.ts";
import type { Settings } from "./property-kinds.ts";
import { PROPERTY_NAMES } from "./property-table.ts";
import { USER } from "./scope.ts";
import { TIMER_PROPERTY_NAMES, timerProperties } from "./timer-properties.ts";

/** @see Capabilities.native */
export const NATIVE: Capabilities["native"] = {
	unit: [],
	slice: [],
	sliceInherit: ["yes"],
	properties: PROPERTY_NAMES,
	timerProperties: TIMER_PROPERTY_NAMES,
};

/** The checked options. */
export interface Native extends Settings {
	/** The unit's name with its suffix; undefined if none was asked for. */
	readonly unit: string | undefined;
	readonly slice: string | undefined;
	/** Whether the unit goes into the slice of the process that starts it, and `slice` below that. */
	readonly inheritsSlice: boolean;
}

/** systemd refuses longer names (UNIT_NAME_MAX). */
const MAX_UNIT_NAME_LENGTH = 255;

/**
 * Reads and checks the options.
 *
 * @param limits the limits that chore's own options set; a property must not set them again
 * @throws ChoreError OPTION_UNSUPPORTED for another key; INVALID_ARGUMENT for a value that systemd would refuse
 */
export function readNative({ native, limits }: Pick<RunSpec, "native" | "limits">, platform: string = USER.name): Native {
	for (const key of Object.keys(native)) if (!Object.hasOwn(NATIVE, key)) refuseKey(key, platform);
	const unit = oneWord(native, "unit");
	if (unit !== undefined) refuseOtherType(unit, "service");
	const slice = oneWord(native, "slice");
	timerProperties(native);
	return {
		unit: unit === undefined ? undefined : unitName(unit),
		slice: slice === undefined ? undefined : sliceName(slice),
		inheritsSlice: yes(native, "sliceInherit"),
		...readProperties(propertyWords(native), limits),
	};
}

/** The properties as they were given: `Name=Value` each. */
export function propertyWords({ properties = [] }: NativeOptions): readonly string[] {
	return typeof properties === "string" ? [properties] : properties;
}

/**
 * A unit's name with its suffix.
 *
 * @throws ChoreError INVALID_ARGUMENT for a name that systemd would refuse (systemd.unit(5), UNIT_NAME_MAX)
 */
export function unitName(wanted: string): string {
	const name = wanted.endsWith(".service") ? wanted : `${wanted}.service`;
	if (!/^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\@-]+)?\.service$/.test(name) || name.length > MAX_UNIT_NAME_LENGTH) {
		throw new ChoreError("INVALID_ARGUMENT", `"${printable(wanted)}" cannot be the name of a systemd unit`, {
			hint: `up to ${MAX_UNIT_NAME_LENGTH - ".service".length} letters, digits and any of : _ . \\ -`,
		});
	}
	return name;
}

/** The types of units (systemd.unit(5)). */
const TYPES = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/** Refuses a name with the suffix of another type, instead of adding a second suffix. */
function refuseOtherType(wanted: string, type: "service" | "slice"): void {
	const suffix = TYPES.exec(wanted)?.[1];
	if (suffix === undefined || suffix === type) return;
	throw new ChoreError("INVALID_ARGUMENT", `"${printable(wanted)}" is the name of a ${suffix}, and a ${type} is wanted`, {
		hint: `leave .${suffix} out, or write .${type}`,
	});
}

/** A slice's name with its suffix. @throws ChoreError INVALID_ARGUMENT for one that systemd would refuse (systemd.slice(5)) */
export function sliceName(wanted: string): string {
	refuseOtherType(wanted, "slice");
	const name = wanted.endsWith(".slice") ? wanted : `${wanted}.slice`;
	// "-" separates the levels, and "-.slice" is the root (systemd.slice(5)).
	const valid = /^[A-Za-z0-9:_.\\]+(-[A-Za-z0-9:_.\\]+)*\.slice$/.test(name) || name === "-.slice";
	if (!valid || name.length > MAX_UNIT_NAME_LENGTH) {
		throw new ChoreError("INVALID_ARGUMENT", `"${printable(wanted)}" cannot be the name of a systemd slice`, {
			hint: "such as batch.slice, or batch-nightly.slice for one below it",
		});
	}
	return name;
}

function oneWord(native: NativeOptions, key: string): string | undefined {
	const value = native[key];
	if (value === undefined || typeof value === "string") return value;
	throw new ChoreError("INVALID_ARGUMENT", `systemd takes one ${key} for a job, not ${value.length}`, { hint: "give a word, not a list" });
}

function yes(native: NativeOptions, key: string): boolean {
	const value = oneWord(native, key);
	if (value === undefined || value === "yes") return value === "yes";
	throw new ChoreError("INVALID_ARGUMENT", `${key} is "yes" or not given, not "${printable(value)}"`, { hint: "leave it out" });
}

function refuseKey(key: string, platform: string): never {
	const keys = Object.keys(NATIVE);
	const meant = closest(key, keys);
	throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform} cannot give a job any "${printable(key)}"`, {
		hint: meant === undefined ? `what it takes in its own words is ${keys.join(", ")}` : `did you mean ${meant}?`,
	});
}

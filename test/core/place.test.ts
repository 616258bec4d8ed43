/** Which places are the same machine, boot and pid namespace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Distance, distance, type Place } from "../../src/core/disk/place.ts";

const HERE: Place = { machine: "0123456789abcdef0123456789abcdef", host: "web-1", bootId: "boot", pidNamespace: "pid:[1]" };
const { host: _, ...OLD } = HERE;

const CASES: readonly (readonly [title: string, there: Place, expected: Distance])[] = [
	["the same place", HERE, "here"],
	["the same boot under another name", { ...HERE, machine: "elsewhere", host: "elsewhere" }, "here"],
	["another pid namespace", { ...HERE, pidNamespace: "pid:[2]" }, "other-namespace"],
	["another pid namespace with another name", { ...HERE, machine: "a1b2c3", host: "a1b2c3", pidNamespace: "pid:[2]" }, "other-namespace"],
	["another boot", { ...HERE, bootId: "before" }, "earlier-boot"],
	["another boot, in a record without the name of the host", { ...OLD, bootId: "before" }, "earlier-boot"],
	["another boot and another name", { ...HERE, bootId: "before", host: "web-2" }, "other-machine"],
	["another boot and another machine-id", { ...HERE, bootId: "before", machine: "f".repeat(32) }, "other-machine"],
	["no boot id, and the same machine", { ...HERE, bootId: null }, "here"],
	["no boot id, and another machine", { ...HERE, bootId: null, machine: "elsewhere" }, "other-machine"],
];

for (const [title, there, expected] of CASES) {
	test(`the distance to ${title} is ${expected}`, () => assert.equal(distance(there, HERE), expected));
}

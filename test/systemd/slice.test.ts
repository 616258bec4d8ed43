/** The choice of a unit's slice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callersSlice, cgroupIn, sliceWithin } from "../../platform/systemd/slice.ts";

test("the cgroup of a process is found with cgroup v1, with v2, and with both", () => {
	for (const [text, cgroup] of [
		["0::/user.slice/a.scope\n", "/user.slice/a.scope"],
		["12:cpu:/x\n1:name=systemd:/a.slice/b.service\n", "/a.slice/b.service"],
		["12:cpu:/x\n1:name=systemd:/y\n0::/z\n", "/z"],
		["0::/\n", "/"],
		["12:cpu:/x\n", ""],
	] as const) {
		assert.equal(cgroupIn(text), cgroup);
	}
});

test("the caller's slice is the innermost that its unit is in", () => {
	const user = "/user.slice/user-7.slice/user@7.service";
	for (const [cgroup, managers, slice] of [
		[`${user}/app.slice/a.service`, user, "app.slice"],
		[`${user}/app.slice/app-x.slice/a.scope/deeper.slice`, user, "app-x.slice"],
		[`${user}/init.scope`, user, "-.slice"],
		["/user.slice/user-7.slice/session-3.scope", user, "-.slice"],
		["/user.slice/user-7.slice/session-3.scope/x", user, "-.slice"],
		["/system.slice/cron.service", user, undefined],
		["/user.slice/user-7.slice/user@77.service/a.slice", user, undefined],
		["", user, undefined],
		["/system.slice/cron.service", "/", "system.slice"],
		["/system.slice/cron.service", "", "system.slice"],
		["/user.slice/user-7.slice/session-3.scope", "", "user-7.slice"],
		["/init.scope", "/", "-.slice"],
	] as const) {
		assert.equal(callersSlice(cgroup, managers), slice, cgroup);
	}
});

test("a named slice goes below the inherited one", () => {
	for (const [outer, inner, slice] of [
		[undefined, undefined, undefined],
		[undefined, "a.slice", "a.slice"],
		["b.slice", undefined, "b.slice"],
		["foo.slice", "bar.slice", "foo-bar.slice"],
		["-.slice", "bar.slice", "bar.slice"],
		["foo.slice", "-.slice", "foo.slice"],
		["-.slice", undefined, "-.slice"],
	] as const) {
		assert.equal(sliceWithin(outer, inner), slice);
	}
});

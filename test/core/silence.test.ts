/** A time limit counts only the time in which this process could read the answer. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Silence } from "../../platform/silence.ts";
import { within } from "../../src/core/doctor/within.ts";
import { busy } from "../support/busy.ts";
import { eventually } from "../support/eventually.ts";

test("Silence calls back once, after its limit, not before", async () => {
	const began = performance.now();
	let times = 0;
	await new Promise<void>((resolve) => {
		new Silence(200, () => {
			times += 1;
			resolve();
		});
	});
	assert.ok(performance.now() - began >= 199);
	await new Promise((resume) => setTimeout(resume, 100));
	assert.equal(times, 1);
});

test("Silence does not call back after its disposal, nor while it is heard from", async () => {
	let over = "";
	const ended = new Silence(100, () => {
		over += "ended ";
	});
	using broken = new Silence(2000, () => {
		over += "broken ";
	});
	ended[Symbol.dispose]();
	for (let times = 0; times < 15; times++) {
		await new Promise((resume) => setTimeout(resume, 200));
		broken.heard();
	}
	assert.equal(over, "");
});

test("one interruption of this process counts as a tenth of the limit, however long it is", async () => {
	let isOver = false;
	using _ = new Silence(10_000, () => {
		isOver = true;
	});
	for (let strokes = 0; strokes < 5; strokes++) {
		busy(2500);
		await new Promise((resume) => setImmediate(resume));
		await new Promise((resume) => setImmediate(resume));
	}
	assert.equal(isOver, false);
});

test("an answer that arrives while this process is busy is in time", async () => {
	const child = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
	const answer = once(child.stdout, "data");
	child.stdin.end("here");
	const answered = within(1000, "cat", answer);
	busy(1500);
	assert.equal(String((await answered)[0]), "here");
});

test("a promise that never settles is given up", async () => {
	await assert.rejects(within(100, "nobody", new Promise(() => {})), { code: "TIMED_OUT", message: /nobody did not answer within 0.1 s/ });
});

test("isOver becomes true after the limit, not before this process could read", async () => {
	using silence = new Silence(1000);
	busy(1500);
	await new Promise((resume) => setTimeout(resume, 1));
	assert.equal(silence.isOver, false);
	await eventually("it is over", () => silence.isOver);
});

/** The part of the contract suite about HTTP jobs: to a platform they are jobs like all others. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { serve } from "../support/web.ts";
import type { Declare } from "./attempts.ts";

export function testRequests(on: Declare): void {
	on("an HTTP job has the body of the response on stdout and tells what came of it, at each start", async ({ chore }) => {
		const body = Buffer.concat([Buffer.from("a\0b\n"), randomBytes(100_000)]);
		await using web = await serve(({ path }, response, nth) => {
			response.statusCode = path === "/" && nth === 1 ? 200 : 503;
			response.end(body);
		});
		const { id } = await chore.run({ kind: "http", url: `${web.url}/`, headers: { "X-Key": "k" }, data: "asked\0" });
		const first = await chore.wait(id);
		assert.deepEqual([first.state, first.exitCode, first.command], ["succeeded", 0, ["POST", `${web.url}/`]], JSON.stringify(first));
		assert.ok(readFileSync(first.output.paths[0] ?? "").equals(body));
		assert.equal(readFileSync(first.output.paths[1] ?? "", "utf8"), "");
		const { response, ...request } = first.request ?? assert.fail();
		assert.deepEqual(request, { method: "POST", url: `${web.url}/`, headers: ["X-Key"], expect: ["2xx"], retries: 0 });
		const { durationMs, firstByteMs, ...facts } = response ?? assert.fail();
		assert.ok(firstByteMs !== null && firstByteMs <= durationMs, `${firstByteMs} of ${durationMs} ms`);
		const same = { tries: 1, sentBytes: 6, receivedBytes: body.length, remoteAddress: web.address, url: `${web.url}/` };
		assert.deepEqual(facts, { status: 200, ...same });

		const again = await chore.rerun(id);
		const second = await chore.wait(again.id);
		assert.deepEqual([second.run, second.state, second.exitCode, second.request?.response?.status], [2, "failed", 22, 503]);
		assert.deepEqual(
			web.asked.map(({ method, headers, body: sent }) => [method, headers["x-key"], sent.toString()]),
			[1, 2].map(() => ["POST", "k", "asked\0"]),
		);
	});

	on("an HTTP job that failed is started again", async ({ chore }) => {
		await using web = await serve((_, response, nth) => {
			response.statusCode = nth < 3 ? 404 : 200;
			response.end(`${nth}\n`);
		});
		const { id } = await chore.run({ kind: "http", url: web.url, restart: { policy: "on-failure", delayMs: 0, max: 5 } });
		const job = await chore.wait(id);
		assert.deepEqual([job.state, job.attempt, job.request?.response?.status, job.request?.response?.tries], ["succeeded", 3, 200, 1]);
		assert.equal(readFileSync(job.output.paths[0] ?? "", "utf8"), "1\n2\n3\n");
	});

	on("an HTTP job is stopped in the middle of the response, and leaves no part of it", async (home) => {
		await using web = await serve((_, response) => response.write("part"));
		const { id } = await home.chore.run({ kind: "http", url: web.url });
		const part = `${home.path}/default/jobs/${id}/runs/1/body`;
		await eventually("a part of the body has come", () => existsSync(part));
		const job = await home.chore.stop(id);
		assert.deepEqual([job.state, job.request?.response], ["stopped", null]);
		assert.equal(existsSync(part), false);
	});
}

/** The contract of the API through all of its doors: what the library does, each of them does, in the same words. */
import assert from "node:assert/strict";
import { realpathSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { OPERATIONS } from "../../src/api/operations/index.ts";
import type { Inputs } from "../../src/api/operations/messages.ts";
import { endJobs } from "../support/clean-up.ts";
import { PATIENCE } from "../support/cli.ts";
import { codeOf, INPUTS, MOST_JOBS, STEPS, sparse, Walk } from "./contract.ts";
import {
	type Beside,
	ContractServer,
	connectDoor,
	type Door,
	grpcDoor,
	libraryDoor,
	restDoor,
	setBounds,
	type Ticket,
	tlsDoor,
	unixDoor,
} from "./contract-doors.ts";
import { configure } from "./serving.ts";

describe("the API", PATIENCE, async () => {
	const home = await mkdtemp(`${realpathSync(tmpdir())}/chore-contract-`);
	const configuration = configure();
	setBounds();
	let server: ContractServer;
	before(async () => {
		server = await ContractServer.begin(home, { maxJobs: MOST_JOBS });
	});
	after(async () => {
		const left = await endJobs(home);
		await server?.[Symbol.asyncDispose]();
		configuration[Symbol.dispose]();
		rmSync(home, { recursive: true, force: true });
		assert.deepEqual(left, []);
	});
	const ticket = (name: string) => server.ticket(name, "admin");
	const doors: readonly (() => Door | Promise<Door>)[] = [
		() => libraryDoor(server, "door-0", { maxJobs: MOST_JOBS }),
		() => unixDoor(server, "door-1"),
		() => tlsDoor(server, ticket("door-2")),
		() => restDoor(server, ticket("door-3"), "HTTP/1.1"),
		() => restDoor(server, ticket("door-4"), "HTTP/2"),
		() => grpcDoor(server, ticket("door-5")),
		() => connectDoor(server, ticket("door-6")),
	];
	/** What the library gave, step by step. */
	const wanted: unknown[] = [];
	for (const [index, open] of doors.entries())
		test(`door ${index}`, PATIENCE, async (context) => {
			const door = await open();
			try {
				await context.test(door.name, async (context) => {
					const walk = new Walk(door, home);
					for (const [number, { title, act, gives }] of STEPS.entries())
						await context.test(title, async () => {
							const found = walk.facts(await act(walk));
							if (index === 0) wanted[number] = found;
							const shown = (value: unknown) => (door.isSparse ? sparse(value) : value);
							if (gives !== undefined) assert.deepEqual(shown(found), shown(gives));
							assert.deepEqual(shown(found), shown(wanted[number]));
						});
				});
			} finally {
				await door.close();
			}
		});

	const remote: readonly ((ticket: Ticket) => Door | Promise<Door>)[] = [
		(ticket) => tlsDoor(server, ticket),
		(ticket) => restDoor(server, ticket, "HTTP/1.1"),
		(ticket) => restDoor(server, ticket, "HTTP/2"),
		(ticket) => grpcDoor(server, ticket),
		(ticket) => connectDoor(server, ticket),
	];
	const names = Object.keys(OPERATIONS) as (keyof Inputs)[];
	const codes = async (door: Door, beside?: Beside) => {
		const found: (readonly [name: keyof Inputs, code: string])[] = [];
		// One at a time: a connection has fewer streams than there are operations.
		for (const name of names) found.push([name, await codeOf(door, name, INPUTS[name], beside)]);
		return found;
	};
	for (const [role, may] of [
		["read", ["read"]],
		["run", ["read", "run"]],
	] as const)
		test(`the role ${role} may call the same operations at every door`, PATIENCE, async () => {
			const ticket = server.ticket(`only-${role}`, role);
			for (const open of remote) {
				const door = await open(ticket);
				const refused = (await codes(door)).flatMap(([name, code]) => (code === "NOT_ALLOWED" ? [name] : []));
				await door.close();
				assert.deepEqual(
					refused,
					names.filter((name) => !(may as readonly string[]).includes(OPERATIONS[name].role)),
					door.name,
				);
			}
			if (role === "run") await endJobs(home);
		});

	test("no operation reaches a session of somebody else at any door", PATIENCE, async () => {
		const ticket = server.ticket("alone", "admin");
		for (const open of remote) {
			const door = await open(ticket);
			const found = new Set((await codes(door, { session: "nobody" })).map(([, code]) => code));
			await door.close();
			assert.deepEqual([...found], ["JOB_NOT_FOUND"], door.name);
		}
	});
});

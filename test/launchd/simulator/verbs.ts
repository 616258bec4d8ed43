/** The subcommands of launchctl: words in; what goes to stdout out, or a Refusal. */
import { constants } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Refusal, textOf } from "./errors.ts";
import type { Domain, Launchd } from "./launchd.ts";
import { listedService, listedServices, printedDomain, printedService } from "./print.ts";
import type { Service } from "./service.ts";

interface Call {
	readonly launchd: Launchd;
	/** Where launchctl was called. */
	readonly directory: string;
	readonly words: readonly string[];
}

type Verb = (call: Call) => string | Promise<string>;

const USAGE = 64;

/** Carries out one call. @throws Refusal */
export async function callLaunchctl(launchd: Launchd, directory: string, [verb = "", ...words]: readonly string[]): Promise<string> {
	if (launchd.switches.hanging.includes(verb)) await new Promise(() => {});
	const carryOut = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
	if (carryOut === undefined)
		throw new Refusal(1, `Unrecognized subcommand: ${verb}\nUsage: launchctl <subcommand> ... | help [subcommand]`);
	return carryOut({ launchd, directory, words });
}

const VERBS: Readonly<Record<string, Verb>> = {
	bootstrap({ launchd, directory, words: [target, ...paths] }) {
		if (target === undefined || paths.length === 0) throw usage("bootstrap <domain-target> [service-path, service-path2, ...]");
		const domain = launchd.domain(target);
		if (domain === undefined) throw new Refusal(125, `Bootstrap failed: 125: ${textOf(125)}`);
		for (const path of paths) launchd.bootstrap(domain, isAbsolute(path) ? path : resolve(directory, path));
		return "";
	},

	async bootout({ launchd, words }) {
		const isWaiting = words[0] === "--wait";
		if (isWaiting && !launchd.switches.wait) throw usage("bootout <domain-target> [service-path, service-path2, ...] | <service-target>");
		const target = words[isWaiting ? 1 : 0];
		if (target === undefined) throw usage("bootout <domain-target> [service-path, service-path2, ...] | <service-target>");
		const { domain, label } = serviceTarget(target);
		const services = launchd.domain(domain)?.services;
		const failed = (number: number): Refusal => new Refusal(number, `Boot-out failed: ${number}: ${textOf(number)}`);
		if (services === undefined) throw failed(noDomain(launchd, domain));
		const service = services.get(label);
		if (service === undefined) throw failed(launchd.switches.bootoutUnknown);
		if (service.isLeaving && launchd.switches.bootoutEnding === 36) throw failed(36);
		service.leave();
		while (isWaiting && services.get(label) === service) await delay(5);
		return "";
	},

	enable({ launchd, words: [target] }) {
		if (target === undefined) throw usage("enable <service-target>");
		launchd.disabled.set(serviceTarget(target).label, false);
		return "";
	},

	disable({ launchd, words: [target] }) {
		if (target === undefined) throw usage("disable <service-target>");
		launchd.disabled.set(serviceTarget(target).label, true);
		return "";
	},

	kickstart({ launchd, words }) {
		const flags = words.filter((word) => word.startsWith("-")).join("");
		const service = found(launchd, words[words.length - 1] ?? "", false);
		if (service.pid !== undefined && !flags.includes("k")) throw new Refusal(37, flags.includes("p") ? String(service.pid) : "");
		service.restart();
		return flags.includes("p") ? `${service.pid}\n` : "";
	},

	kill({ launchd, words: [name = "", target] }) {
		if (target === undefined) throw usage("kill <signal-number|signal-name> <service-target>");
		const number = /^[0-9]+$/.test(name) ? Number(name) : constants.signals[`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals];
		if (number === undefined)
			throw new Refusal(USAGE, "Invalid signal.\nUsage: launchctl kill <signal-number|signal-name> <service-target>");
		if (!found(launchd, target, false).kill(number)) throw new Refusal(3, "No process to signal.");
		return "";
	},

	print({ launchd, words: [target] }) {
		if (target === undefined) throw usage("print <domain-target> | <service-target>");
		const domain = domainOf(launchd, target);
		if (target === domain.name) return printedDomain(domain.name, domain.services.values());
		return printedService(found(launchd, target, launchd.switches.badRequest), domain.name, launchd.switches);
	},

	"print-disabled"({ launchd, words: [target] }) {
		if (target === undefined) throw usage("print-disabled <domain-target>");
		const word = (isDisabled: boolean): string =>
			launchd.switches.disabledWords === "old" ? String(isDisabled) : isDisabled ? "disabled" : "enabled";
		const rows = [...launchd.disabled].map(([label, isDisabled]) => `\t\t"${label}" => ${word(isDisabled)}`);
		return `${["\tdisabled services = {", ...rows, "\t}"].join("\n")}\n`;
	},

	list({ launchd, words: [label] }) {
		// The domain of the caller: that of the graphical session only within it.
		const { managerName, uid } = launchd.switches;
		const domain = launchd.domain(`${managerName === "Aqua" ? "gui" : "user"}/${uid}`);
		if (label === undefined) return listedServices(domain?.services.values() ?? []);
		const service = domain?.services.get(label);
		if (service === undefined) throw new Refusal(113, `Could not find service "${label}" in domain for ${domain?.words ?? "port"}`);
		return listedService(service);
	},

	remove({ launchd, words: [label] }) {
		if (label === undefined) throw usage("remove <label>");
		for (const kind of ["gui", "user"]) launchd.domain(`${kind}/${launchd.switches.uid}`)?.services.get(label)?.leave();
		return "";
	},

	managername: ({ launchd }) => `${launchd.switches.managerName}\n`,
	managerpid: () => "1\n",
	manageruid: ({ launchd }) => `${launchd.switches.uid}\n`,
	error: ({ words: [number] }) => `${Number(number)}: ${textOf(Number(number))}\n`,
	version: () => "Darwin Bootstrapper Version 7.0.0: simulated\n",
	help: ({ launchd, words: [verb] }) =>
		verb === "bootout" && launchd.switches.wait
			? "Usage: launchctl bootout [--wait] <domain-target> [service-path, service-path2, ...] | <service-target>\n--wait  Waits for bootout to complete before returning.\n"
			: "Usage: launchctl <subcommand> ... | help [subcommand]\n",

	// What no launchctl has: by these the tests make things happen.
	"simulator:set"({ launchd, words: [json = "{}"] }) {
		launchd.switches = { ...launchd.switches, ...JSON.parse(json) };
		return "";
	},
	async "simulator:logout"({ launchd }) {
		await launchd.logout();
		return "";
	},
	"simulator:login"({ launchd }) {
		launchd.login();
		return "";
	},
	"simulator:reboot"({ launchd, words: [time] }) {
		launchd.reboot(time === undefined ? undefined : Date.parse(time));
		return "";
	},
	"simulator:clock"({ launchd, words: [time = ""] }) {
		launchd.clock(Date.parse(time));
		return "";
	},
	"simulator:labels": ({ launchd }) =>
		["gui", "user"]
			.flatMap((kind) => [...(launchd.domain(`${kind}/${launchd.switches.uid}`)?.services.keys() ?? [])])
			.map((label) => `${label}\n`)
			.join(""),
};

function usage(words: string): Refusal {
	return new Refusal(USAGE, `Usage: launchctl ${words}`);
}

/** "gui/501/LABEL" in its parts. */
function serviceTarget(target: string): { readonly domain: string; readonly label: string } {
	const parts = /^([a-z]+\/[0-9]+)\/([^/]+)$/.exec(target);
	if (parts?.[1] === undefined || parts[2] === undefined) {
		throw new Refusal(
			USAGE,
			"Unrecognized target specifier. <service-target> takes a form of <domain-target>/<service-id>.\nPlease refer to `man launchctl` for explanation of the <domain-target> specifiers.",
		);
	}
	return { domain: parts[1], label: parts[2] };
}

function domainOf(launchd: Launchd, target: string): Domain {
	const [kind = "", uid = ""] = target.split("/");
	const domain = launchd.domain(`${kind}/${uid}`);
	if (domain !== undefined) return domain;
	if (noDomain(launchd, `${kind}/${uid}`) === 125) throw new Refusal(125, `Could not print domain: 125: ${textOf(125)}`);
	throw new Refusal(112, `${launchd.switches.badRequest ? "Bad request.\n" : ""}Could not find domain for user ${kind}: ${uid}`);
}

/** The number of the answer about a domain that is not there. */
function noDomain({ switches }: Launchd, name: string): number {
	return name === `gui/${switches.uid}` ? switches.noGuiPrint : 112;
}

function found(launchd: Launchd, target: string, isBadRequest: boolean): Service {
	const { domain: name, label } = serviceTarget(target);
	const domain = domainOf(launchd, name);
	const service = domain.services.get(label);
	if (service !== undefined) return service;
	throw new Refusal(113, `${isBadRequest ? "Bad request.\n" : ""}Could not find service "${label}" in domain for ${domain.words}`);
}

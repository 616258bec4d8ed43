/** The page: shows what its address says, live, while somebody looks at it. */
import type { Info } from "../../operations/messages.ts";
import { byId, element, setText } from "./dom.ts";
import { JobView } from "./job.ts";
import { ListView } from "./list.ts";
import { Live } from "./live.ts";
import { addressOf, readPlace } from "./place.ts";
import { askJson } from "./server.ts";
import type { View } from "./view.ts";

let place = readPlace(location.hash);
let view: View | undefined;
let live: Live | undefined;

function open(): void {
	live?.end();
	const before = place;
	place = readPlace(location.hash);
	if (view !== undefined && place.job === before.job && place.session === before.session) view.goTo(place);
	else show();
	begin();
}

function show(): void {
	const refresh = () => live?.refresh();
	view = place.job === undefined ? new ListView(place, refresh) : new JobView(place, refresh);
	const wasThere = byId("main").firstElementChild?.tagName === "SECTION";
	byId("main").replaceChildren(view.element);
	if (wasThere) view.element.querySelector("h1")?.focus();
	(byId("home") as HTMLAnchorElement).href = addressOf({ session: place.session });
}

/** Nothing is asked while nobody looks: the server can end when it is idle. */
function begin(): void {
	live?.end();
	if (view === undefined || document.hidden) return;
	tell(undefined);
	live = new Live(view, place.session, tell);
}

function tell(trouble: string | undefined): void {
	byId("trouble").hidden = trouble === undefined;
	setText(byId("trouble"), trouble ?? "");
}

async function showWho(): Promise<void> {
	const { client, session, sessions } = await askJson<Info>("/v1", { signal: AbortSignal.timeout(60_000) });
	const names = sessions.filter((name) => name !== "*");
	const who = byId("who");
	if (names.length === sessions.length && names.length < 2) return setText(who, client);
	const go = (name: string) => location.assign(addressOf({ session: name === session ? undefined : name }));
	const chosen = place.session ?? session;
	// Of "*" the names of the sessions are not known: one is written.
	const field =
		names.length < sessions.length
			? element("input", { value: chosen, size: 12 })
			: element("select", {}, ...names.map((name) => element("option", { selected: name === chosen }, name)));
	field.onchange = () => go(field.value);
	who.replaceChildren(`${client} `, element("label", {}, "session ", field));
}

addEventListener("hashchange", open);
document.addEventListener("visibilitychange", () => (document.hidden ? live?.end() : begin()));
open();
showWho().catch(() => {});

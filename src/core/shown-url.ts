/** The part of a URL that may be shown: without user, password, query and fragment. Pure. */

/** @returns undefined for what is no URL */
export function shownUrl(text: string): string | undefined {
	if (!URL.canParse(text)) return undefined;
	const { protocol, host, pathname } = new URL(text);
	return `${protocol}//${host}${pathname}`;
}

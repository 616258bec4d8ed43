/** Reads what came of an HTTP job's request, from `runs/<k>/response`: written by prepare/request.sh in the form of WRITE_OUT. */
import { isChoreError } from "../../../platform/errors.ts";
import type { JobResponse } from "../job.ts";
import { shownUrl } from "../shown-url.ts";
import { readText } from "./files.ts";

/** What curl is asked to tell, by its option of this name. The URL comes last, since nobody knows what is in it. */
export const WRITE_OUT =
	"%{http_code} %{time_total} %{time_starttransfer} %{size_upload} %{size_download} [%{remote_ip}]:%{remote_port} %{url_effective}";

/** The same, behind the number of tries. Some curls write the decimal point of the locale. */
const FORM = /^([0-9]+) ([0-9]{3}) ([0-9.,]+) ([0-9.,]+) ([0-9]+) ([0-9]+) \[([0-9a-fA-F.:]*)\]:([0-9]+) (.*)\n/;

/** @param folder of the run. @returns null while there is none, and for one that was not written whole */
export function readResponse(folder: string): JobResponse | null {
	const found = FORM.exec(textIn(`${folder}/response`));
	if (found === null) return null;
	const [, tries, status, total, first, sent, received, address = "", port, url = ""] = found;
	return {
		status: Number(status) || null,
		tries: Number(tries),
		durationMs: milliseconds(total),
		firstByteMs: Number(status) ? milliseconds(first) : null,
		sentBytes: Number(sent),
		receivedBytes: Number(received),
		remoteAddress: address === "" ? null : `${address.includes(":") ? `[${address}]` : address}:${port}`,
		url: shownUrl(url) ?? null,
	};
}

function textIn(path: string): string {
	try {
		return readText(path) ?? "";
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return "";
	}
}

function milliseconds(seconds: string | undefined): number {
	return Math.round(Number(seconds?.replace(",", ".")) * 1000);
}

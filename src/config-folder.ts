/** Where the user's settings are. Shared by the command line, the server and its clients. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `${XDG_CONFIG_HOME:-~/.config}/chore`. Makes nothing. @throws for a user with neither HOME nor an entry in passwd(5) */
export function configFolder(): string {
	const xdg = process.env["XDG_CONFIG_HOME"];
	return join(xdg && isAbsolute(xdg) ? xdg : join(process.env["HOME"] || homedir(), ".config"), "chore");
}

/** The whole hook (hook.sh), as it is installed. */
import { TELL_TEXT } from "../tell.ts";
import { text } from "./hook.sh.ts";

export const HOOK_TEXT: string = `${TELL_TEXT}\n${text}`;

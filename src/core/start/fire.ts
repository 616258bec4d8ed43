/** The whole fire program (fire.sh), as it is installed. */
import { TELL_TEXT } from "../../../platform/tell.ts";
import { text } from "./fire.sh.ts";

export const FIRE_TEXT: string = `${TELL_TEXT}\n${text}`;

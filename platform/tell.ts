/** The text of tell.sh with the names of the signals of this system, to be put in front of the programs that use it. */
import { signalName } from "./exit-record.ts";
import { text } from "./tell.sh.ts";

/** More than any system has. */
const NUMBERS = Array.from({ length: 127 }, (_, index) => index + 1);

const names: string = NUMBERS.flatMap((number) => {
	const name = signalName(number);
	return name === undefined ? [] : [`${number}:${name} `];
}).join("");

export const TELL_TEXT: string = `t_signals=' ${names}'\n${text}`;

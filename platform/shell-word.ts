/** A word as it is typed in a shell: quoted if necessary. For commands that users can copy. */
export function shellWord(word: string): string {
	return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A job that works the processor for so long at least, on any machine. */

export const BURNT_MS = 200;

/**
 * A line of shell that goes on until its own user time, by times(1), is that.
 *
 * @param file a word of shell, the name of a file for what times(1) says: in a subshell it would tell of that
 */
export function burning(file: string): string {
	const used = `times >${file}; read -r used rest <${file}; case $used in 0m0.[01]*) false ;; esac`;
	return `until ${used}; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; done`;
}

/** Which job holds a name: `names/<name>/`, a folder as in claims.ts. */
import { type Claim, claimOf, holderIn, leave } from "./claims.ts";
import { isName, type Session } from "./session.ts";

/** Finds the holder of a name, before `take`. Makes the folder of the name. */
export function holderToReplace(session: Session, name: string): Claim {
	return claimOf(`${session.names}/${name}`, `the name ${name}`);
}

/** Frees the name of a removed job, unless another job holds it by now. */
export function forgetName(session: Session, name: string, id: string): void {
	if (isName(name)) leave(`${session.names}/${name}`, id);
}

/** The id of the job that holds a name, ended or not; undefined for a free name. The job may be removed by now. */
export function holderOf(session: Session, name: string): string | undefined {
	return holderIn(`${session.names}/${name}`);
}

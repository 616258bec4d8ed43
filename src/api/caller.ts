/** Who makes a request, and what they may do. */
export interface Caller {
	/** The name of the client, "alice"; on the unix socket that of the user. Never empty. */
	readonly client: string;
	readonly role: Role;
	/** The sessions that the caller may work with, its own first; "*" means any. Not empty. */
	readonly sessions: readonly string[];
	readonly quota: Quota;
	/** Days until the certificate ends; null without one. */
	readonly daysLeft: number | null;
}

/** read: see jobs. run: also start and control them. admin: also those of every session, and the server itself. */
export type Role = "read" | "run" | "admin";

/** Bounds for all jobs of one client together. What is not there is not bounded by its client. */
export interface Quota {
	readonly maxJobs?: number;
	readonly keepBytes?: number;
	/** Its jobs are put into this slice of systemd, whose unit bounds what they use. */
	readonly slice?: string;
}

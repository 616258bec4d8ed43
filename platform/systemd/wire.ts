/**
 * One connection to the message bus: requests and signals. Never waits without bound: a bus that does not answer becomes
 * an error. The only file that imports dbus-next, and uses its messages alone: no introspection, no proxy objects.
 */
import type { Socket } from "node:net";
import { DBusError, Message, type MessageBus, MessageFlag, MessageType, sessionBus, Variant } from "dbus-next";
import { ChoreError, isChoreError } from "../errors.ts";
import { Silence } from "../silence.ts";

/** One method call. Properties within `body` are made by `variant`. */
export interface Request {
	readonly destination: string;
	readonly path: string;
	readonly interface: string;
	readonly member: string;
	readonly signature?: string;
	readonly body?: readonly unknown[];
}

export interface Signal {
	readonly path: string;
	readonly interface: string;
	readonly member: string;
	readonly body: readonly unknown[];
}

/** After how many milliseconds of silence the other side counts as hanging. */
export interface Patience {
	/** From the connect to the first answer of the bus. */
	readonly connectMs: number;
	/** Without any message while a request is unanswered. D-Bus itself waits 25 s for an answer. */
	readonly silenceMs: number;
}

export const PATIENCE: Patience = { connectMs: 10_000, silenceMs: 25_000 };

/**
 * How many requests are unanswered at a time; more wait for their turn, in order. The bus of the system cuts a connection
 * off from answers at 128 (dbus-daemon(1), max_replies_per_connection).
 */
const UNANSWERED = 64;

const HINT = "`chore doctor` shows what works here; `--platform posix` runs jobs without systemd";
/** The bus itself, as the receiver of a request (D-Bus specification, "Message Bus Messages"). */
export const BUS = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" } as const;

/** A value with its D-Bus type; properties are passed so. */
export function variant(signature: string, value: unknown): unknown {
	return new Variant(signature, value);
}

/** The properties of a GetAll answer or a PropertiesChanged signal as plain values. Integers of 64 bits are bigint. */
export function plainProperties(properties: unknown): Readonly<Record<string, unknown>> {
	return Object.fromEntries(Object.entries(properties as Record<string, Variant>).map(([name, { value }]) => [name, value]));
}

/** The D-Bus name of the error answer behind an error ("org.freedesktop.systemd1.UnitExists"), or undefined. */
export function busErrorName(error: unknown): string | undefined {
	const cause = isChoreError(error) ? error.cause : error;
	return cause instanceof DBusError ? cause.type : undefined;
}

export class Bus implements Disposable {
	readonly #messages: MessageBus;
	readonly #stream: Socket;
	readonly #patience: Patience;
	readonly #pending = new Set<(error: ChoreError) => void>();
	/** Sends a request each, for those that wait for their turn. */
	readonly #waiting: (() => void)[] = [];
	#unanswered = 0;
	readonly #listeners = new Set<(signal: Signal) => void>();
	readonly #lossListeners = new Set<(error: ChoreError) => void>();
	#connecting: Silence | undefined;
	#loss: ChoreError | undefined;
	/** Set while a request is unanswered. */
	#silence: Silence | undefined;

	/** Begins to connect and returns at once. Requests made before the connection stands are sent with the greeting. */
	constructor(socketPath: string, patience: Patience = PATIENCE) {
		this.#patience = patience;
		// `socket` and not `path`: for the latter dbus-next looks for a native addon first.
		this.#messages = sessionBus({ busAddress: `unix:socket=${socketPath}`, authMethods: ["EXTERNAL"] });
		this.#stream = streamOf(this.#messages);
		guard(this.#stream, (error) => this.#lose(unavailable(`the message bus at ${socketPath} sent what is not a message`, error)));
		this.#messages.on("message", (message) => this.#receive(message));
		this.#messages.on("error", (error: unknown) =>
			this.#lose(isRejection(error) ? stranger(socketPath) : unavailable(`the message bus at ${socketPath} failed`, error)),
		);
		this.#stream.on("close", () => this.#lose(unavailable(`the message bus at ${socketPath} closed the connection`)));
		this.#connecting = new Silence(patience.connectMs, () => {
			this.#lose(unavailable(`the message bus at ${socketPath} did not answer within ${patience.connectMs} ms`));
		});
	}

	/** Whether requests are still possible. Once false, never true again. */
	get open(): boolean {
		return this.#loss === undefined;
	}

	/**
	 * Makes one request. Many may be unanswered at once.
	 *
	 * @returns the values of the answer
	 * @throws ChoreError PLATFORM_UNAVAILABLE when the bus or the receiver is out of reach; PLATFORM_FAILED for an error answer (see busErrorName)
	 */
	async call(request: Request): Promise<readonly unknown[]> {
		if (this.#loss !== undefined) throw this.#loss;
		const message = new Message({ ...request, body: [...(request.body ?? [])], flags: MessageFlag.NO_AUTO_START });
		this.#silence ??= this.#awaitAnswer();
		let rejectOnLoss: ((error: ChoreError) => void) | undefined;
		try {
			return await new Promise((resolve, reject) => {
				rejectOnLoss = reject;
				this.#pending.add(reject);
				this.#inTurn(() => this.#messages.call(message).then((answer) => resolve(answer?.body ?? []), reject));
			});
		} catch (error) {
			throw this.#translate(error, request);
		} finally {
			if (rejectOnLoss !== undefined) this.#pending.delete(rejectOnLoss);
			if (this.#pending.size === 0) this.#hush();
		}
	}

	/** Has the bus deliver the signals that match (D-Bus specification, "Match Rules"), until `unmatch`. */
	async match(rule: string): Promise<void> {
		await this.call({ ...BUS, member: "AddMatch", signature: "s", body: [rule] });
	}

	async unmatch(rule: string): Promise<void> {
		await this.call({ ...BUS, member: "RemoveMatch", signature: "s", body: [rule] });
	}

	/** Calls back for every signal that some `match` asked for. */
	onSignal(listener: (signal: Signal) => void): Disposable {
		this.#listeners.add(listener);
		return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
	}

	/** Calls back once, when the connection is lost or closed. */
	onLoss(listener: (error: ChoreError) => void): Disposable {
		this.#lossListeners.add(listener);
		return { [Symbol.dispose]: () => void this.#lossListeners.delete(listener) };
	}

	/** Closes the connection. Requests without an answer are rejected. */
	[Symbol.dispose](): void {
		this.#lose(unavailable("the connection to the message bus was closed"));
	}

	/** Sends at once, or as soon as fewer than UNANSWERED requests are without an answer. @param send resolves with the answer */
	#inTurn(send: () => Promise<void>): void {
		const begin = (): void => {
			void send().finally(() => {
				const next = this.#waiting.shift();
				if (next === undefined) this.#unanswered -= 1;
				else next();
			});
		};
		if (this.#unanswered === UNANSWERED) {
			this.#waiting.push(begin);
			return;
		}
		this.#unanswered += 1;
		begin();
	}

	#receive(message: Message): void {
		this.#silence?.heard();
		if (message.type === MessageType.SIGNAL) {
			for (const listener of [...this.#listeners]) tell(listener, message);
		} else if (this.#connecting !== undefined) {
			this.#greeted(message);
		}
	}

	/** The first answer is to the greeting that dbus-next sends. */
	#greeted(message: Message): void {
		this.#connecting?.[Symbol.dispose]();
		this.#connecting = undefined;
		if (message.type !== MessageType.ERROR) return;
		// Such as LimitsExceeded. Without its serial dbus-next drops this answer; with it, it would throw where nothing catches.
		message.replySerial = "";
		this.#lose(unavailable(`the message bus refused the connection: ${message.body[0] ?? message.errorName}`));
	}

	#lose(error: ChoreError): void {
		if (this.#loss !== undefined) return;
		this.#loss = error;
		this.#connecting?.[Symbol.dispose]();
		this.#hush();
		this.#stream.destroy();
		this.#waiting.length = 0;
		for (const reject of [...this.#pending]) reject(error);
		for (const listener of [...this.#lossListeners]) listener(error);
		this.#listeners.clear();
		this.#lossListeners.clear();
	}

	/** Begins to count silence. Every message counts as an answer, since the answers to many requests may take long. */
	#awaitAnswer(): Silence {
		const { silenceMs } = this.#patience;
		return new Silence(silenceMs, () => this.#lose(unavailable(`the systemd manager did not answer for ${silenceMs} ms`)));
	}

	#hush(): void {
		this.#silence?.[Symbol.dispose]();
		this.#silence = undefined;
	}

	#translate(error: unknown, request: Request): unknown {
		if (!(error instanceof DBusError)) return error;
		switch (error.type) {
			case "org.freedesktop.DBus.Error.NoReply":
				return unavailable("the systemd manager went away before it answered", error);
			case "org.freedesktop.DBus.Error.ServiceUnknown":
			case "org.freedesktop.DBus.Error.NameHasNoOwner": {
				// After a crash the new manager may be on a new bus, so the next request must connect anew. The other requests
				// without an answer may have been delivered: they are rejected with an error that does not say otherwise.
				this.#lose(unavailable("the systemd manager has left the message bus"));
				return unavailable("no systemd manager is on the message bus", error);
			}
			default: {
				const message = `systemd refused ${request.member}: ${error.text} (${error.type})`;
				return new ChoreError("PLATFORM_FAILED", message, { cause: error });
			}
		}
	}
}

function unavailable(message: string, cause?: unknown): ChoreError {
	const text = cause instanceof Error && !(cause instanceof DBusError) ? `${message}: ${cause.message}` : message;
	return new ChoreError("PLATFORM_UNAVAILABLE", text, { hint: HINT, ...(cause === undefined ? {} : { cause }) });
}

/** Whether the bus does not believe the number of the user that dbus-next has told it. */
function isRejection(error: unknown): boolean {
	return error instanceof Error && error.message === "No authentication methods left to try";
}

/** Requests are sent after the authentication: none has been. */
function stranger(socketPath: string): ChoreError {
	const message = `the message bus at ${socketPath} knows this process as that of another user than ${process.getuid?.()}`;
	return new ChoreError("PLATFORM_UNAVAILABLE", message, {
		hint: "so it is within `unshare -r` and fakeroot; `--platform posix` runs jobs without systemd",
		refused: true,
	});
}

/** Has an error of a listener, which is a bug, end the process as any other does: dbus-next would send it to the manager. */
function tell(listener: (signal: Signal) => void, signal: Signal): void {
	try {
		listener(signal);
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

/**
 * Keeps the parser of dbus-next from what it takes wrongly: at its end a socket gives fewer bytes than are asked for, the
 * beginning of a message. What it throws at other bytes nobody would catch.
 */
function guard(stream: Socket, spoilt: (error: unknown) => void): void {
	const read = stream.read.bind(stream);
	stream.read = (size?: number): unknown => {
		const bytes = read(size) as Buffer | null;
		return bytes !== null && size !== undefined && bytes.length < size ? null : bytes;
	};
	const emit = stream.emit.bind(stream) as (...words: unknown[]) => boolean;
	stream.emit = (...words: unknown[]): boolean => {
		if (words[0] !== "readable") return emit(...words);
		try {
			return emit(...words);
		} catch (error) {
			spoilt(error);
			return true;
		}
	};
}

/** dbus-next does not report the end of its socket, and its disconnect() waits for the bus: so we use the socket itself. */
function streamOf(messages: MessageBus): Socket {
	return (messages as unknown as { readonly _connection: { readonly stream: Socket } })._connection.stream;
}

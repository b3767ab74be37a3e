/** What is needed of a notification message, Part 4 §7.26. */
export interface SequencedMessage {
	/** Of a message without notifications, a keep-alive: the number that the next one with notifications will have. */
	readonly sequenceNumber: number;
	readonly publishTime: Date | null;
	readonly notificationData: readonly unknown[] | null;
}

export interface OrderedMessagesOptions<Message> {
	/**
	 * Asks the server for a message again; undefined when it does not have it any more.
	 * @throws Error when nobody can know, because the connection broke
	 */
	readonly republish: (sequenceNumber: number) => Promise<Message | undefined>;
	/** Takes each message once, in order; `isCycleEnd` is false while the same publish cycle goes on. */
	readonly deliver: (message: Message, isCycleEnd: boolean) => void;
	/** A message is gone for good: what it said is missing before the next one that is delivered. */
	readonly missed: () => void;
	/** `republish` or `deliver` threw while messages were made up for. */
	readonly failed: (error: unknown) => void;
}

const numbersMax = 0xffff_ffff;
/** A larger step than this is no loss but another numbering. */
const missingMax = 10_000;
/** Servers keep two messages for each publish request; more than this is not worth asking for. */
const republishMax = 100;
/** Messages that may wait for one that is asked for again. */
const waitingMax = 100;
const recentMax = 64;

/**
 * Puts the messages of one subscription in order by their sequence numbers. A response can be lost on its way through
 * the client (a request that timed out, a connection that broke after a keep-alive), and the server has it still: a
 * missing message is asked for again before the next one is delivered, and one that comes twice is dropped.
 */
export class OrderedMessages<Message extends SequencedMessage> {
	readonly #options: OrderedMessagesOptions<Message>;
	#expected = 1;
	/** Publish times, in milliseconds, of the messages delivered last. */
	readonly #recent = new Map<number, number>();
	#waiting: { message: Message; isCycleEnd: boolean }[] = [];
	/** The run of asking again that holds everything else back, if one does. */
	#asking: object | undefined;

	constructor(options: OrderedMessagesOptions<Message>) {
		this.#options = options;
	}

	/** A new subscription counts from 1; what belonged to the old one is forgotten. */
	restart(): void {
		this.#expected = 1;
		this.#recent.clear();
		this.#waiting = [];
		this.#asking = undefined;
	}

	/** The connection is over. What has come and was not delivered, or was asked for, is asked for again over the next one. */
	interrupted(): void {
		this.#waiting = [];
		this.#asking = undefined;
	}

	offer(message: Message, isCycleEnd: boolean): void {
		this.#waiting.push({ message, isCycleEnd });
		if (this.#asking !== undefined && this.#waiting.length > waitingMax) {
			// The server answers everything but this: go on without.
			this.#asking = undefined;
			this.#skipTo(this.#waiting[0]?.message as Message);
		}
		this.#drain();
	}

	#drain(): void {
		while (this.#asking === undefined) {
			const first = this.#waiting[0];
			if (first === undefined) return;
			const missing = this.#missingBefore(first.message);
			if (missing > 0 && missing <= republishMax) {
				this.#askAgain(missing);
				return;
			}
			if (missing > 0) this.#skipTo(first.message);
			this.#waiting.shift();
			if (!this.#isRepeat(first.message)) this.#deliver(first.message, first.isCycleEnd);
		}
	}

	#missingBefore(message: Message): number {
		if (this.#isRepeat(message)) return 0;
		const step = message.sequenceNumber - this.#expected;
		// Numbers start again at 1 after the largest; 0 is none.
		const ahead = step < 0 ? step + numbersMax : step;
		if (ahead <= missingMax) return ahead;
		// Neither the next nor one just passed: the server counts anew, which no server should.
		return isKeepAlive(message) ? 0 : republishMax + 1;
	}

	#isRepeat(message: Message): boolean {
		return !isKeepAlive(message) && this.#recent.get(message.sequenceNumber) === timeOf(message);
	}

	#deliver(message: Message, isCycleEnd: boolean): void {
		if (!isKeepAlive(message)) {
			this.#recent.delete(message.sequenceNumber);
			this.#recent.set(message.sequenceNumber, timeOf(message));
			if (this.#recent.size > recentMax) this.#recent.delete(this.#recent.keys().next().value as number);
			this.#expected = following(message.sequenceNumber);
		}
		this.#options.deliver(message, isCycleEnd);
	}

	#skipTo(message: Message): void {
		this.#expected = message.sequenceNumber;
		this.#options.missed();
	}

	#askAgain(missing: number): void {
		const asking = {};
		this.#asking = asking;
		const run = async () => {
			for (let left = missing; left > 0; left--) {
				const sequenceNumber = this.#expected;
				const message = await this.#options.republish(sequenceNumber).catch((error: unknown) => {
					if (this.#asking === asking) throw error;
					return undefined;
				});
				if (this.#asking !== asking) return;
				this.#expected = following(sequenceNumber);
				// Some servers have an empty message for what they do not have any more.
				const isIt =
					message !== undefined && message.sequenceNumber === sequenceNumber && !isKeepAlive(message);
				if (!isIt) this.#options.missed();
				// What waits belongs to the same cycle or a later one.
				else if (!this.#isRepeat(message)) this.#deliver(message, false);
			}
			this.#asking = undefined;
			this.#drain();
		};
		run().catch((error: unknown) => {
			if (this.#asking === asking) this.interrupted();
			this.#options.failed(error);
		});
	}
}

function isKeepAlive({ notificationData }: SequencedMessage): boolean {
	return notificationData === null || notificationData.length === 0;
}

function timeOf({ publishTime }: SequencedMessage): number {
	return publishTime?.getTime() ?? 0;
}

function following(sequenceNumber: number): number {
	return sequenceNumber >= numbersMax ? 1 : sequenceNumber + 1;
}

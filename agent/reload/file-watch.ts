import { stat } from "node:fs/promises";
import { type Clock, every } from "../../common/runtime/clock.ts";

const lookEveryMs = 1_000;

interface FileWatchOptions {
	readonly clock: Clock;
	/** Paths of the moment; symbolic links are followed. */
	readonly files: () => readonly string[];
	/** They are others than at the last `taken`, and have been the same for two looks. */
	readonly onChanged: () => void;
}

/**
 * Looks at files once a second. What a look compares (device, inode, size, times) notices a file that is written in place as
 * well as one that is replaced by another name or by a symbolic link above it, on any file system; notifications of
 * the system miss some of these. A file that is still being written is waited for.
 */
export class FileWatch {
	readonly #options: FileWatchOptions;
	#taken: string | undefined;
	#last: string | undefined;
	#isLooking = false;
	#stop = () => {};

	constructor(options: FileWatchOptions) {
		this.#options = options;
	}

	start(): void {
		this.#stop();
		this.#stop = every(this.#options.clock, lookEveryMs, () => {
			if (this.#isLooking) return;
			this.#isLooking = true;
			void this.look().finally(() => {
				this.#isLooking = false;
			});
		});
	}

	stop(): void {
		this.#stop();
	}

	/** The files are about to be read as they are now. */
	async taken(): Promise<void> {
		this.#taken = await this.#state();
		this.#last = this.#taken;
	}

	/** One look, as there is one each second after `start`. */
	async look(): Promise<void> {
		const state = await this.#state();
		const isSettled = state === this.#last;
		this.#last = state;
		if (!isSettled || state === this.#taken) return;
		this.#taken = state;
		this.#options.onChanged();
	}

	async #state(): Promise<string> {
		const files = this.#options.files();
		const states = await Promise.all(files.map(stateOf));
		return files.map((file, place) => `${file} ${states[place]}`).join("\n");
	}
}

async function stateOf(file: string): Promise<string> {
	try {
		const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
		return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
	} catch (error) {
		return String((error as NodeJS.ErrnoException).code);
	}
}

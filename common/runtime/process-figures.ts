import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Part } from "./lifecycle.ts";

/** What a process costs: CPU seconds of all its threads, memory, and how long its event loop was held up. */
export interface Figures {
	readonly cpuSeconds: number;
	readonly memoryMB: number;
	readonly peakMemoryMB: number;
	readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const resolutionMs = 10;

export class ProcessFigures implements Part {
	readonly name = "process figures";
	#delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

	start(): void {
		if (this.#delay !== undefined) return;
		this.#delay = monitorEventLoopDelay({ resolution: resolutionMs });
		this.#delay.enable();
	}

	stop(): void {
		this.#delay?.disable();
		this.#delay = undefined;
	}

	figures(): Figures {
		const { user, system } = process.cpuUsage();
		const tenths = (value: number) => Math.round(value * 10) / 10;
		// The monitor measures the time between two of its own ticks, so its resolution is part of every value.
		const ms = (nanoseconds: number) => tenths(Math.max(0, nanoseconds / 1e6 - resolutionMs));
		return {
			cpuSeconds: (user + system) / 1e6,
			memoryMB: tenths(process.memoryUsage.rss() / 1e6),
			peakMemoryMB: tenths((process.resourceUsage().maxRSS * 1024) / 1e6),
			eventLoopDelayMs: {
				p50: ms(this.#delay?.percentile(50) ?? 0),
				p99: ms(this.#delay?.percentile(99) ?? 0),
				max: ms(this.#delay?.max ?? 0),
			},
		};
	}
}

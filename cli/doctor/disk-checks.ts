import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspectJournal } from "../../agent/journal/inspection.ts";
import { encodeRecord } from "../../agent/record-codec.ts";
import { ByteWriter } from "../../common/contract/bytes.ts";
import { recordSamplesMax, SampleColumns } from "../../common/contract/samples.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { ApiClient } from "../api-client.ts";
import type { Patient } from "./doctor.ts";
import type { Report, Subject } from "./finding.ts";

const MiB = 1024 ** 2;
const syncsMax = 200;
const syncBytes = 4 * 1024;
const measureMs = 3_000;
const bulkBytes = 32 * MiB;
/** What may be left for everybody else on the disk. */
const spareBytes = 256 * MiB;
/** A journal is read as a whole to see its rate; more of it would take too long. */
const inspectedBytesMax = 512 * MiB;

/** How fast the disk under the data directory keeps things, what room it has, and how long the journal lasts. */
export function diskSubject(patient: Patient): Subject {
	return {
		about: "disk",
		look: async (report, signal) => {
			const { config, dataDirectory } = patient;
			const folder = nearest(dataDirectory);
			if (folder !== dataDirectory)
				report("data_dir", "ok", `${dataDirectory} is not there yet; looked at ${folder}`);
			try {
				await speed(folder, config.journal.commit_interval_ms, report, signal);
			} catch (error) {
				report("writing", "fail", errorText(error), `the agent's user must be able to write in ${folder}`);
				return;
			}
			await room(patient, folder, report);
			await hours(patient, report);
		},
	};
}

function nearest(path: string): string {
	return existsSync(path) ? path : nearest(dirname(path));
}

async function speed(folder: string, commitMs: number, report: Report, signal: AbortSignal): Promise<void> {
	const path = join(folder, `doctor-${process.pid}.tmp`);
	const file = await open(path, "wx", 0o600);
	try {
		const times = await syncTimes(file, signal);
		const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] as number;
		const [p50, p99] = [at(0.5), at(0.99)];
		const text = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms of ${times.length}`;
		if (p99 <= commitMs) report("fsync", "ok", text);
		else if (p50 <= commitMs)
			report(
				"fsync",
				"warn",
				text,
				`now and then slower than commit_interval_ms (${commitMs}): a power cut may cost that much more`,
			);
		else
			report(
				"fsync",
				"warn",
				text,
				`slower than commit_interval_ms (${commitMs}): values wait in memory for that long; use a better disk`,
			);
		const perSecond = await bulkBytesPerSecond(file, signal);
		report("writing", "ok", `${Math.round(perSecond / MiB)} MiB/s, synced`);
	} finally {
		await file.close();
		await rm(path, { force: true });
	}
}

/** Milliseconds, sorted, of writing a record's worth and having it on the medium; bounded in number and time. */
async function syncTimes(file: FileHandle, signal: AbortSignal): Promise<number[]> {
	const bytes = Buffer.alloc(syncBytes, 7);
	const times: number[] = [];
	const endMs = performance.now() + measureMs;
	while (times.length < syncsMax && performance.now() < endMs && !signal.aborted) {
		const startedMs = performance.now();
		await file.write(bytes, 0, bytes.length, times.length * syncBytes);
		await file.datasync();
		times.push(performance.now() - startedMs);
	}
	return times.sort((a, b) => a - b);
}

async function bulkBytesPerSecond(file: FileHandle, signal: AbortSignal): Promise<number> {
	const bytes = Buffer.alloc(MiB, 7);
	const startedMs = performance.now();
	let written = 0;
	while (written < bulkBytes && performance.now() - startedMs < measureMs && !signal.aborted) {
		await file.write(bytes, 0, bytes.length, written);
		written += bytes.length;
	}
	await file.datasync();
	return (written / (performance.now() - startedMs)) * 1_000;
}

async function room({ config, dataDirectory }: Patient, folder: string, report: Report): Promise<void> {
	const { bavail, bsize } = await statfs(folder);
	const free = bavail * bsize;
	const held = existsSync(join(dataDirectory, "journal"))
		? await folderBytes(join(dataDirectory, "journal"))
		: 0;
	const needed = Math.max(0, config.journal.max_bytes - held);
	const text = `${sizeText(free)} free; the journal may grow by ${sizeText(needed)}`;
	if (free >= needed + spareBytes) report("room", "ok", text);
	else
		report(
			"room",
			"fail",
			text,
			"make journal.max_bytes smaller than the room, or the disk larger: a full disk refuses new values",
		);
}

async function folderBytes(folder: string): Promise<number> {
	const { readdir, stat } = await import("node:fs/promises");
	let bytes = 0;
	for (const name of await readdir(folder))
		bytes += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
	return bytes;
}

/** How long an outage of the collector may last, at the best known rate. */
async function hours(patient: Patient, report: Report): Promise<void> {
	const { config } = patient;
	const rate = await bytesPerHour(patient);
	if (rate === undefined) {
		report(
			"journal",
			"unknown",
			`${sizeText(config.journal.max_bytes)}; at which rate values come is not known`,
			"say --rate VALUES_PER_SECOND",
		);
		return;
	}
	const hoursLeft = config.journal.max_bytes / rate.bytes;
	const text = `${sizeText(config.journal.max_bytes)} are ${hoursText(hoursLeft)} at ${sizeText(rate.bytes)} an hour (${rate.from})`;
	if (hoursLeft >= 8) report("journal", "ok", text);
	else
		report(
			"journal",
			"warn",
			text,
			"a night without the collector loses values: make journal.max_bytes larger",
		);
}

async function bytesPerHour(patient: Patient): Promise<{ bytes: number; from: string } | undefined> {
	const { config, dataDirectory, isRunning, rate } = patient;
	if (rate !== undefined)
		return {
			bytes: rate * 3_600 * bytesPerValue(),
			from: `--rate ${rate} values a second, ${bytesPerValue().toFixed(1)} bytes each`,
		};
	if (isRunning) {
		const { host, port } = config.status;
		const status = await new ApiClient(`http://${host}:${port}`)
			.get<{ journal: { hoursLeft?: number; bytes: number } }>("/status")
			.catch(() => undefined);
		const left = status?.journal.hoursLeft;
		if (status !== undefined && left !== undefined && left > 0)
			return {
				bytes: (config.journal.max_bytes - status.journal.bytes) / left,
				from: "as the running agent measures",
			};
	}
	const folder = join(dataDirectory, "journal");
	if (!existsSync(folder) || (await folderBytes(folder)) > inspectedBytesMax) return undefined;
	const reports = (await inspectJournal(folder)).filter(({ samples }) => samples > 0);
	const from = Math.min(...reports.map(({ firstSourceMs }) => firstSourceMs ?? Number.POSITIVE_INFINITY));
	const to = Math.max(...reports.map(({ lastSourceMs }) => lastSourceMs ?? Number.NEGATIVE_INFINITY));
	if (to - from < 60_000) return undefined;
	const bytes = reports.reduce((sum, report) => sum + report.bytes, 0);
	return { bytes: (bytes / (to - from)) * 3_600_000, from: "as what the journal holds" };
}

/** Of the journal, for a value that changes like a measurement: by the real encoding of a full record. */
function bytesPerValue(): number {
	const samples = new SampleColumns(recordSamplesMax);
	for (let index = 0; index < recordSamplesMax; index++) {
		samples.tagId[index] = index % 50;
		samples.sourceMs[index] = 1_767_592_800_000 + index * 13;
		samples.sourceRestTicks[index] = (index * 7_919) % 10_000;
		samples.serverLagTicks[index] = (index * 104_729) % 50_000;
		samples.status[index] = 0;
		samples.setValue(index, Math.sin(index) * 1_000);
	}
	samples.count = recordSamplesMax;
	const out = new ByteWriter();
	encodeRecord(out, { device: "device", throughMs: 1_767_592_800_000 }, samples, 0, recordSamplesMax);
	return out.length / recordSamplesMax;
}

function sizeText(bytes: number): string {
	if (bytes >= 1024 * MiB) return `${(bytes / 1024 / MiB).toFixed(1)} GiB`;
	return bytes >= MiB ? `${Math.round(bytes / MiB)} MiB` : `${Math.round(bytes / 1024)} KiB`;
}

function hoursText(hours: number): string {
	return hours >= 72 ? `${Math.round(hours / 24)} days` : `${hours.toFixed(1)} hours`;
}

import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { tagDatatypes } from "../../../common/contract/datatype.ts";
import { CodedError, errorText } from "../../../common/runtime/coded-error.ts";
import { replaceFile } from "../../../common/runtime/data-directory.ts";
import type { Shape } from "../flat/shape.ts";
import type { ResolvedDevice } from "./known-tags.ts";

const format = 1;

const shape: z.ZodType<Shape> = z.lazy(() =>
	z.discriminatedUnion("kind", [
		z.object({ kind: z.literal("value"), builtIn: z.int(), type: z.enum(tagDatatypes).optional() }),
		z.object({ kind: z.literal("list"), of: shape, elements: z.int().min(0) }),
		z.object({ kind: z.literal("matrix"), of: shape }),
		z.object({
			kind: z.literal("structure"),
			encoding: z.string(),
			form: z.enum(["plain", "optional", "union"]),
			fields: z.array(z.object({ name: z.string(), shape, isOptional: z.boolean() })),
		}),
	]),
);

const readable = {
	name: z.string(),
	node: z.string(),
	type: z.enum(tagDatatypes),
	eu: z.string().optional(),
	low: z.number().optional(),
	high: z.number().optional(),
	/** `shape`: a place in the list of shapes. */
	part: z.object({ of: z.string(), shape: z.int().min(0), leaf: z.int().min(0) }).optional(),
};

const schema = z.object({
	format: z.literal(format),
	server: z.string(),
	/** Of values that are several tags, each once. */
	shapes: z.array(shape),
	devices: z.record(
		z.string(),
		z.object({
			tags: z.array(z.object({ ...readable, asked: z.string() })),
			browsed: z.object({ asked: z.string(), tags: z.array(z.object(readable)) }).optional(),
		}),
	),
});

type StoredTag = z.output<z.ZodObject<typeof readable>>;

/**
 * What one server said last about its tags, so that the agent can start, declare and read them while the server is away.
 * Ids stand in the tag book; this file may be deleted, and then the server is asked before anything of it is read.
 */
export class ResolutionFile {
	readonly #path: string;
	readonly #server: string;
	readonly #devices = new Map<string, ResolvedDevice>();

	private constructor(path: string, server: string) {
		this.#path = path;
		this.#server = server;
	}

	/** @throws CodedError DATA_DAMAGED, DATA_FORMAT_NEWER */
	static async open(directory: string, server: string): Promise<ResolutionFile> {
		const path = join(directory, "resolved", `${encodeURIComponent(server)}.json`);
		const file = new ResolutionFile(path, server);
		let text: string;
		try {
			text = await readFile(path, "utf8");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return file;
			throw error;
		}
		const { shapes, devices } = parse(path, text);
		const read = <T extends StoredTag>({ part, ...tag }: T) => {
			const found = part === undefined ? undefined : shapes[part.shape];
			return part === undefined || found === undefined ? tag : { ...tag, part: { ...part, shape: found } };
		};
		for (const [device, { tags, browsed }] of Object.entries(devices)) {
			file.#devices.set(device, {
				tags: tags.map((tag) => ({ ...read(tag), asked: tag.asked })),
				browsed: browsed && { asked: browsed.asked, tags: browsed.tags.map(read) },
			});
		}
		return file;
	}

	get(device: string): ResolvedDevice | undefined {
		return this.#devices.get(device);
	}

	/** On disk when it resolves. */
	async put(device: string, resolved: ResolvedDevice): Promise<void> {
		this.#devices.set(device, resolved);
		await mkdir(dirname(this.#path), { recursive: true, mode: 0o750 });
		const places = new Map<object, number>();
		const placeOf = (one: object): number => {
			const place = places.get(one) ?? places.size;
			places.set(one, place);
			return place;
		};
		const devices = JSON.parse(
			JSON.stringify(Object.fromEntries(this.#devices), (key, value) =>
				key === "part" ? { ...value, shape: placeOf(value.shape) } : value,
			),
		);
		const shapes = [...places.keys()];
		const text = JSON.stringify({ format, server: this.#server, shapes, devices }, null, "\t");
		await replaceFile(this.#path, `${text}\n`);
	}
}

function parse(path: string, text: string): z.output<typeof schema> {
	let raw: { format?: unknown } | null;
	try {
		raw = JSON.parse(text);
	} catch (error) {
		throw new CodedError("DATA_DAMAGED", `${path}: expected JSON: ${errorText(error)}; delete it`);
	}
	if (typeof raw?.format === "number" && raw.format > format)
		throw new CodedError("DATA_FORMAT_NEWER", `${path}: expected format ${format}, found ${raw.format}`);
	const parsed = schema.safeParse(raw);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw new CodedError(
		"DATA_DAMAGED",
		`${path}: ${issue?.path.join(".")}: ${issue?.message}; delete it, and the server is asked again`,
	);
}

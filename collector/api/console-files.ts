import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { FastifyInstance } from "fastify";

const contentTypes: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
};

const filesMax = 64;
const fileBytesMax = 1024 * 1024;

/** A file of the page, held in memory: a request never reaches the file system. */
interface PageFile {
	readonly path: string;
	readonly type: string;
	readonly body: Buffer;
	readonly etag: string;
}

/** Adds the page, its files, and uPlot's under /vendor/. */
export async function addConsoleRoutes(server: FastifyInstance, directory: URL): Promise<void> {
	for (const file of await pageFiles(directory)) {
		const paths = file.path === "/index.html" ? ["/", file.path] : [file.path];
		for (const path of paths) {
			server.get(path, { config: { action: "open" } }, (request, reply) => {
				reply.headers({ "cache-control": "no-cache", etag: file.etag });
				if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
				return reply.type(file.type).send(file.body);
			});
		}
	}
}

async function pageFiles(directory: URL): Promise<PageFile[]> {
	const own = (await readdir(directory)).filter((name) => extname(name) in contentTypes).toSorted();
	if (own.length > filesMax)
		throw new Error(`${directory.href}: expected at most ${filesMax} files, found ${own.length}`);
	const plot = import.meta.resolve("uplot");
	return await Promise.all([
		...own.map((name) => pageFile(`/${name}`, new URL(name, directory))),
		...["uPlot.iife.min.js", "uPlot.min.css"].map((name) => pageFile(`/vendor/${name}`, new URL(name, plot))),
	]);
}

async function pageFile(path: string, from: URL): Promise<PageFile> {
	const body = await readFile(from);
	if (body.length > fileBytesMax)
		throw new Error(`${from.href}: expected at most ${fileBytesMax} bytes, found ${body.length}`);
	const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22);
	return { path, type: contentTypes[extname(path)] as string, body, etag: `"${hash}"` };
}

import { createServer } from "node:net";

/** A TCP port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() => {
				if (typeof address === "object" && address !== null) resolve(address.port);
				else reject(new Error("expected a TCP port"));
			});
		});
	});
}

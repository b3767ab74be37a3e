import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Authority } from "../../helpers/certificates.ts";
import { FollowerRig, ownStore, plainSamples } from "./follower-rig.ts";

test("https:// is trusted by the authorities that are configured, and nothing is sent to anybody else", async () => {
	const authority = await Authority.create("plant");
	const stranger = await Authority.create("stranger");
	const { certificateFile, keyFile } = await authority.issue("influx", ["127.0.0.1", "localhost"]);
	const bodies: string[] = [];
	const server = createServer(
		{ cert: readFileSync(certificateFile), key: readFileSync(keyFile) },
		(request, response) => {
			let body = "";
			request.on("data", (chunk: Buffer) => {
				body += chunk.toString();
			});
			request.on("end", () => {
				bodies.push(body);
				response.writeHead(204).end();
			});
		},
	);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const line = await ownStore();
	await plainSamples(line, 10);
	for (const keys of [
		{ kind: "influxdb1", database: "d" },
		{ kind: "influxdb2", org: "o", bucket: "b" },
	]) {
		const rig = new FollowerRig(line);
		await rig.follow(
			{ name: "strange", url, ...keys, ca_file: stranger.caFile },
			{ name: "unknown", url: `${url}/other`, ...keys },
		);
		for (const name of ["strange", "unknown"]) {
			const refused = await rig.until(({ state }) => state === "waiting", name);
			expect(refused.lastError).toMatch(/certificate/);
		}
		expect(bodies).toEqual([]);
		await rig.stop();
		await rig.follow({ name: "one", url, ...keys, ca_file: authority.caFile });
		await rig.caughtUp();
		expect(bodies.splice(0).join("\n").split("\n")).toHaveLength(10);
		await rig.stop();
	}
});

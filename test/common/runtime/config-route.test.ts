import fastify from "fastify";
import { expect, test } from "vitest";
import { addConfigurationRoute } from "../../../common/runtime/status-server.ts";

test("the configuration is told to clients on the same host, and to nobody else", async () => {
	const server = fastify();
	addConfigurationRoute(server, () => ({ kind: "agent" }));
	const asked = async (remoteAddress: string) => {
		const { statusCode, body } = await server.inject({ url: "/config", remoteAddress });
		return [statusCode, body];
	};
	for (const address of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
		expect(await asked(address)).toEqual([200, '{"kind":"agent"}']);
	for (const address of ["10.0.0.7", "::ffff:10.0.0.7", "fe80::1", "1127.0.0.1", "2001:db8::127:0:0:1"])
		expect((await asked(address))[0]).toBe(403);
});

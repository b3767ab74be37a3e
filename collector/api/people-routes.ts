import type { FastifyInstance, FastifyReply } from "fastify";
import { type AccessPort, actions, type Person } from "../people-port.ts";
import { loginBody, noBody } from "./body-values.ts";
import { noQuery, parseQuery } from "./query-values.ts";
import { apiError, cookieOf } from "./request-guard.ts";
import { addWriteRoute } from "./write-route.ts";

const bodyBytesMax = 4_096;

/** Logging in and out, and who one is. */
export function addPeopleRoutes(
	server: FastifyInstance,
	{ access, cookie }: { access: AccessPort; cookie: string },
): void {
	/** Only this server's pages get it back, no script can read it, and no other site's request carries it. */
	const setCookie = (reply: FastifyReply, value: string, maxAgeS: number) =>
		reply.header("set-cookie", `${cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}`);

	server.get("/api/v1/me", { config: { action: "open" } }, async (request) => {
		parseQuery(noQuery, request.query);
		const person = request.caller?.person;
		return {
			person: person === undefined ? null : told(person),
			...{ login: access.login, canLogIn: access.canLogIn },
			may: actions.filter((action) => action !== "open" && access.may(person, action)),
		};
	});

	addWriteRoute(server, {
		...{ path: "/api/v1/login", action: "open", body: loginBody, bodyBytesMax },
		async work({ name, password }, _person, request, reply) {
			const answer = await access.logIn(name.normalize("NFC"), password, addressOf(request.ip));
			if (!("refused" in answer)) {
				const before = cookieOf(request, cookie);
				if (before !== undefined) await access.logOut(before);
				setCookie(reply, answer.session, Math.floor(answer.lifetimeMs / 1_000));
				return { person: told(answer.person) };
			}
			if (!("waitMs" in answer)) {
				const message =
					answer.refused === "wrong"
						? "expected the name and the password of a person, found others"
						: "nobody can log in here: this collector has no people (people.file of its configuration)";
				return reply.code(401).send(apiError("LOGIN_REFUSED", message));
			}
			const waitS = Math.ceil(answer.waitMs / 1_000);
			reply.header("retry-after", waitS);
			const tooMany = answer.refused === "wait" ? "too many wrong passwords" : "too many logins at once";
			const message = `${tooMany}; try again in ${waitS} s`;
			return reply.code(429).send(apiError("LOGIN_WAIT", message));
		},
	});

	addWriteRoute(server, {
		...{ path: "/api/v1/logout", action: "open", body: noBody, bodyBytesMax },
		async work(_body, _person, request, reply) {
			const session = cookieOf(request, cookie);
			if (session !== undefined) await access.logOut(session);
			setCookie(reply, "", 0);
			return { person: null };
		},
	});
}

function told({ name, roles }: Person): Person {
	return { name, roles };
}

/** Whoever is on this host can come from any address of the loopback. */
function addressOf(ip: string): string {
	return /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/.test(ip) ? "loopback" : ip;
}

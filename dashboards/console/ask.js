// Questions to the collector, which served this page; relative, so that the page works under any path.

const withinMs = 8_000;

/**
 * @param {string} path below api/v1
 * @param {Record<string, string>} [query]
 * @returns {Promise<any>}
 */
export async function ask(path, query = {}) {
	const parameters = new URLSearchParams(query);
	const suffix = parameters.size > 0 ? `?${parameters}` : "";
	const response = await fetch(`api/v1/${path}${suffix}`, { signal: AbortSignal.timeout(withinMs) });
	const answer = await response.json();
	if (!response.ok) throw new Error(answer?.error?.message ?? `status ${response.status}`);
	return answer;
}

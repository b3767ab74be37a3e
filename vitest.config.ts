import { defineConfig } from "vitest/config";

/** What every tier shares; test/run.ts narrows it per tier. Unhandled rejections fail a run by themselves. */
export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		exclude: ["test/**/*.full.test.ts", "test/bench/**"],
		pool: "forks",
		execArgv: ["--disable-warning=ExperimentalWarning"],
		maxWorkers: 2,
		testTimeout: 30_000,
		hookTimeout: 30_000,
		teardownTimeout: 10_000,
		allowOnly: false,
		restoreMocks: true,
		unstubEnvs: true,
	},
});

import { configDefaults, defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/order.js';

// The long suites (kill -9, random trees for hours) are named on the command line of their own npm scripts.
const long = ['test/crash/**', 'test/fuzz/**'];
const asked = process.argv.some((word) => /\btest\/(?:crash|fuzz)\b/.test(word));

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: 'test/support/temporary.ts',
    include: ['test/**/*.test.ts'],
    exclude: asked ? [...configDefaults.exclude] : [...configDefaults.exclude, ...long],
    // Real processes with signals and memory limits of their own: threads would share both.
    pool: 'forks',
    maxWorkers: 3,
    // A process for each file would spend half of its time on starting: files share two, and leave nothing behind.
    isolate: false,
    sequence: { sequencer: LongFirst },
    restoreMocks: true,
    // A test waits for events, never for time; the limits only end what hangs.
    testTimeout: asked ? 600_000 : 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});

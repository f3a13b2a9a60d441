import { accessSync, constants, statfsSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

// The long suites (kill -9, random trees for hours, figures) are named on the command line of their own npm scripts.
const long = ['test/crash/**', 'test/fuzz/**', 'test/bench/**'];
const asked = process.argv.some((word) => /\btest\/(?:crash|fuzz|bench)\b/.test(word));

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
/** What the tests may have there at once, in bytes, with room to spare. */
const ROOM = 4 * 2 ** 30;

/**
 * Every server flushes what it promises, so that half of the time of the short form was waiting for the disk. Its
 * temporary directories are in memory where there is room; the long forms use the disk.
 */
function temporary(): { TMPDIR?: string } {
  if (asked || process.env.LOCKSTEP_TEST_FULL !== undefined || process.env.TMPDIR !== undefined) return {};
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM ? { TMPDIR: MEMORY } : {};
  } catch {
    return {};
  }
}

export default defineConfig({
  test: {
    environment: "node", setupFiles: ["test/zz-setup.ts"],
    env: temporary(),
    include: ['test/**/*.test.ts'],
    exclude: asked ? [...configDefaults.exclude] : [...configDefaults.exclude, ...long],
    // Real processes with signals and memory limits of their own: threads would share both.
    pool: 'forks',
    maxWorkers: 3,
    // A process for each file would spend half of its time on starting: files share two, and leave nothing behind.
    isolate: false,
    restoreMocks: true,
    // A test waits for events, never for time; the limits only end what hangs.
    testTimeout: asked ? 600_000 : 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});

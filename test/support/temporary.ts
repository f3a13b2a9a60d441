// vitest's global setup: one directory for everything that the tests of a run put down, removed at its end, whatever a
// test leaves behind. Every server flushes what it promises, so that half of the time of the short form was waiting for
// the disk: where there is room it has its directory in memory. The long forms use the disk.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
/** What the tests may have there at once, in bytes, with room to spare. */
const ROOM = 4 * 2 ** 30;

/** Sets TMPDIR for the processes that run the tests. @returns what removes the directory. */
export default function setup(): () => void {
  const isLong = process.env.LOCKSTEP_TEST_FULL !== undefined;
  const below = !isLong && process.env.TMPDIR === undefined && hasRoom(MEMORY) ? MEMORY : os.tmpdir();
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(below, 'lockstep-tests-')));
  // Some tests run as another user.
  fs.chmodSync(directory, 0o711);
  process.env.TMPDIR = directory;
  return () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

function hasRoom(directory: string): boolean {
  try {
    fs.accessSync(directory, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

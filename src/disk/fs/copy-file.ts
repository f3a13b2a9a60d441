// Copies a file, where the file system has no hard links. Both files are accessed by descriptor: a file that is put at
// the path of the source is not read, and one at the path of the copy is not written.

import fs from 'node:fs';
import { fsyncSync } from './flush.js';
import { type Identity, isAsItWas, isSameInode, swapped } from './inode.js';
import { setTime } from './set-time.js';
import { microseconds, modeOf } from './signature.js';
import { writeDataSync } from './write-data.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const PIECE_BYTES = 1 << 20;

/**
 * Copies the file or link `from` with its mode and time to `to`, which must not exist, and makes the copy durable.
 * @param expected the stats of `from`.
 * @returns the identity of the copy.
 * @throws the system's error; ESTALE where `from` is another file, or is written to meanwhile. Then there is no copy.
 */
export function copyDurably(from: string, to: string, expected: fs.Stats): Identity {
  if (expected.isSymbolicLink()) {
    fs.symlinkSync(fs.readlinkSync(from), to);
    return fs.lstatSync(to);
  }
  const source = fs.openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fs.fstatSync(source);
    if (!stats.isFile() || !isSameInode(stats, expected)) throw swapped(from);
    return copyInto(source, expected, to, from);
  } finally {
    fs.closeSync(source);
  }
}

function copyInto(source: number, stats: fs.Stats, to: string, from: string): Identity {
  const copy = fs.openSync(to, 'wx', 0o600);
  try {
    copyData(source, copy, stats.size);
    fs.fchmodSync(copy, modeOf(stats));
    setTime(copy, microseconds(stats.mtimeMs));
    fsyncSync(copy);
    if (!isAsItWas(fs.fstatSync(source), stats)) throw swapped(from);
    return fs.fstatSync(copy);
  } catch (error) {
    fs.unlinkSync(to);
    throw error;
  } finally {
    fs.closeSync(copy);
  }
}

/** @param size the length of the source when it was opened; it may have grown. */
function copyData(source: number, copy: number, size: number): void {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = 0; ; ) {
    const bytes = fs.readSync(source, buffer, 0, PIECE_BYTES, at);
    if (bytes === 0) {
      fs.ftruncateSync(copy, at);
      return;
    }
    writeDataSync(copy, buffer.subarray(0, bytes), at, size);
    at += bytes;
  }
}

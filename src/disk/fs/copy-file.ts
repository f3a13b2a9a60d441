// A copy of a file, where the system allows no second name for it. Both ends are held by descriptor: what somebody puts in
// the place of the source is not read, what he puts in the place of the copy is not written to.
import fs from 'node:fs';
import { type Identity, isSameInode, swapped } from './inode.js';
import { setTime } from './set-time.js';
import { microseconds, modeOf } from './signature.js';
import { writeDataSync } from './write-data.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const PIECE_BYTES = 1 << 20;

/**
 * Copies the file or link `from` to `to`, which must not exist, with its mode and time, and makes it durable.
 * @param expected what `from` is.
 * @returns what the copy is.
 * @throws the system's error, ESTALE where `from` is another file; then there is no copy.
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
    return copyInto(source, stats, to);
  } finally {
    fs.closeSync(source);
  }
}

function copyInto(source: number, stats: fs.Stats, to: string): Identity {
  const copy = fs.openSync(to, 'wx', 0o600);
  try {
    pour(source, copy, stats.size);
    fs.fchmodSync(copy, modeOf(stats));
    setTime(copy, microseconds(stats.mtimeMs));
    fs.fsyncSync(copy);
    return fs.fstatSync(copy);
  } catch (error) {
    fs.unlinkSync(to);
    throw error;
  } finally {
    fs.closeSync(copy);
  }
}

/** @param size what the source was; it may have grown. */
function pour(source: number, copy: number, size: number): void {
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

// Partial contents of interrupted transfers. Each is in staging under the hash of the complete content, so that a
// transfer can be resumed even after a crash. They are not trusted: the completed content is verified by its hash. Age,
// number and total size are limited; the oldest are deleted first, and all of them when both sides are equal or the
// disk is full.
import fs from 'node:fs';
import { RESUMED_BYTES } from '../../core/delta.js';
import type { FileEntry } from '../../core/entry.js';
import type { RelPath } from '../../core/path.js';
import type { OwnDirectory } from '../fs/own-directory.js';
import { removeTree } from '../fs/remove-tree.js';

/** Parts are used in multiples of this many bytes; a shorter part is not kept. */
const STEP_BYTES = 1 << 20;
const MAX_AGE_MS = 2 * 24 * 60 * 60 * 1000;
const MAX_PARTS = 16;
/** The share of the free space (counted without the parts) that all parts together may take. */
const PARTS_SHARE = 0.2;
const NAME = /^[0-9a-f]{64}\.part$/;

/** Parts in use by this process: two stagings may share a directory. */
const inUse = new Set<string>();

const keyOf = (directory: OwnDirectory, name: string): string => `${directory.path}/${name}`;

/** The parts in one staging directory. */
export class Partials {
  readonly #directory: OwnDirectory;

  /** Path → part of the content that was last being received for it. */
  readonly #wanted = new Map<RelPath, string>();

  constructor(directory: OwnDirectory) {
    this.#directory = directory;
  }

  /** @returns how many bytes of the beginning of `file` are here. */
  lengthOf(file: FileEntry): number {
    const name = nameFor(file);
    if (file.size < RESUMED_BYTES || this.#isInUse(name)) return 0;
    const stats = statsOf(this.#directory, name);
    if (!stats?.isFile() || stats.nlink !== 1 || stats.size > file.size) return 0;
    return stats.size === file.size ? stats.size : stats.size - (stats.size % STEP_BYTES);
  }

  /**
   * Reserves the part for receiving `file` at the path `of`.
   * @returns its name, to be released with `release`; null where the file is too small or the part is in use.
   */
  take(file: FileEntry, of: RelPath): string | null {
    const name = nameFor(file);
    if (file.size < RESUMED_BYTES || this.#isInUse(name)) return null;
    this.#forget(of, name);
    tidyPartials(this.#directory, Date.now(), name);
    inUse.add(keyOf(this.#directory, name));
    return name;
  }

  /** Deletes the part of the content that was received for `of` before: it is not wanted any more. */
  #forget(of: RelPath, name: string): void {
    const former = this.#wanted.get(of);
    if (former !== undefined && former !== name && !this.#isInUse(former)) remove(this.#directory, former);
    if (this.#wanted.size > 1_000) this.#wanted.clear();
    this.#wanted.set(of, name);
  }

  #isInUse(name: string): boolean {
    return inUse.has(keyOf(this.#directory, name));
  }
}

const nameFor = ({ hash }: FileEntry): string => `${hash}.part`;

/** Releases a part that was published, deleted, or left for a later transfer. */
export function release(directory: OwnDirectory, name: string): void {
  inUse.delete(keyOf(directory, name));
}

/** Whether `name` is the name of a part. */
export const isPart = (name: string): boolean => NAME.test(name);

/** Whether a part of `bytes` is large enough to be kept. */
export const isWorthKeeping = (bytes: number): boolean => bytes >= STEP_BYTES;

/**
 * Deletes parts in a staging directory that are too short, too old, too many or too large together.
 * @param now milliseconds since 1970.
 * @param wanted a part that is about to be used and is kept.
 * @param freeBytes returns the free space of the file system in bytes.
 * @throws OwnDirectoryError where the directory is unusable.
 */
export function tidyPartials(
  directory: OwnDirectory,
  now: number,
  wanted: string | null = null,
  freeBytes: () => number = () => freeIn(directory),
): void {
  const parts: { name: string; mtimeMs: number; size: number }[] = [];
  for (const name of partsIn(directory)) {
    if (name === wanted) continue;
    const stats = statsOf(directory, name);
    const isOld = stats !== null && now - stats.mtimeMs > MAX_AGE_MS;
    // A part with another hard link may be a file of somebody else.
    if (!stats?.isFile() || stats.nlink !== 1 || !isWorthKeeping(stats.size) || isOld) remove(directory, name);
    else parts.push({ name, mtimeMs: stats.mtimeMs, size: stats.size });
  }
  parts.sort((a, b) => b.mtimeMs - a.mtimeMs);
  if (parts.length === 0) return;
  const all = parts.reduce((sum, { size }) => sum + size, 0);
  let allowed = PARTS_SHARE * (freeBytes() + all);
  for (const [i, { name, size, mtimeMs }] of parts.entries()) {
    if (i >= MAX_PARTS || allowed < STEP_BYTES) remove(directory, name);
    else if (size > allowed) shorten(directory, name, allowed - (allowed % STEP_BYTES), mtimeMs);
    allowed -= size;
  }
}

/** Truncates a part to its first `bytes`, which are still a valid part. */
function shorten(directory: OwnDirectory, name: string, bytes: number, mtimeMs: number): void {
  directory.use(name, (absolute) => {
    const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    const fd = fs.openSync(absolute, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fs.fstatSync(fd);
      if (!stats.isFile() || stats.nlink !== 1) return; // RACE: replaced meanwhile
      fs.ftruncateSync(fd, bytes);
      fs.futimesSync(fd, mtimeMs / 1000, mtimeMs / 1000);
    } finally {
      fs.closeSync(fd);
    }
  });
}

/** Deletes every part that is not in use. */
export function dropPartials(directory: OwnDirectory): void {
  try {
    for (const name of partsIn(directory)) remove(directory, name);
  } catch {
    // The next use of the directory reports the error.
  }
}

/** @returns the names of the parts that are not in use. */
const partsIn = (directory: OwnDirectory): string[] =>
  directory
    .use('.', (absolute) => fs.readdirSync(absolute))
    .filter((name) => isPart(name) && !inUse.has(keyOf(directory, name)));

function freeIn(directory: OwnDirectory): number {
  const { bavail, bsize } = directory.use('.', (absolute) => fs.statfsSync(absolute));
  return bavail * bsize;
}

/** @returns null where nothing is there, or lstat fails. */
function statsOf(directory: OwnDirectory, name: string): fs.Stats | null {
  try {
    return directory.use(name, (absolute) => fs.lstatSync(absolute));
  } catch {
    return null;
  }
}

/** Deletes a file in staging; ignores errors. */
function remove(directory: OwnDirectory, name: string): void {
  try {
    directory.use(name, removeTree);
  } catch {
    // The next start tries again.
  }
}

// Large contents that came in part: each lies in staging under the hash of the content that it is the beginning of, so
// that a transfer that was cut goes on where it was, even after a crash. Nobody trusts them: what is made of one is
// verified whole. They are a luxury: old ones, many ones and those on a full disk are removed.
import fs from 'node:fs';
import path from 'node:path';
import { RESUMED_BYTES } from '../core/delta.js';
import type { FileEntry } from '../core/entry.js';
import type { RelPath } from '../core/path.js';

/** Parts are used in steps of this many bytes; what is shorter is not kept. */
const STEP_BYTES = 1 << 20;
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
const MAX_PARTS = 16;
const NAME = /^[0-9a-f]{64}\.part$/;

/** Parts in use by this process: two stagings may share a directory. */
const inUse = new Set<string>();

/** The parts in one staging directory. */
export class Partials {
  /** Which content was last on its way to a path: another one there makes the first unwanted. */
  private readonly wanted = new Map<RelPath, string>();

  constructor(private readonly directory: string) {}

  /** @returns how many bytes of `file` are here from its beginning. */
  lengthOf(file: FileEntry): number {
    const absolute = this.placeOf(file);
    if (file.size < RESUMED_BYTES || inUse.has(absolute)) return 0;
    const stats = fs.lstatSync(absolute, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > file.size) return 0;
    return stats.size === file.size ? stats.size : stats.size - (stats.size % STEP_BYTES);
  }

  /** @returns where `file` is to be received, to be given back with `release`; null where it is not worth resuming. */
  take(file: FileEntry, of: RelPath): string | null {
    if (file.size < RESUMED_BYTES) return null;
    const absolute = this.placeOf(file);
    if (inUse.has(absolute)) return null;
    this.forget(of, absolute);
    tidyPartials(this.directory, Date.now(), absolute);
    inUse.add(absolute);
    return absolute;
  }

  /** The content now on its way to `of` is another one: what came of the former is in nobody's way, and of no use. */
  private forget(of: RelPath, absolute: string): void {
    const former = this.wanted.get(of);
    if (former !== undefined && former !== absolute && !inUse.has(former)) fs.rmSync(former, { force: true });
    if (this.wanted.size > 1_000) this.wanted.clear();
    this.wanted.set(of, absolute);
  }

  private placeOf({ hash }: FileEntry): string {
    return path.join(this.directory, `${hash}.part`);
  }
}

/** A part is free again: published, removed, or left for a later transfer. */
export function release(absolute: string): void {
  inUse.delete(absolute);
}

/** Whether `name` is that of a part. */
export const isPart = (name: string): boolean => NAME.test(name);

/** Whether `bytes` of a content are enough to be kept. */
export const isWorthKeeping = (bytes: number): boolean => bytes >= STEP_BYTES;

/**
 * Removes from a staging directory everything that no later transfer will use.
 * @param now milliseconds since 1970.
 * @param wanted a part that is just being asked for.
 */
export function tidyPartials(directory: string, now: number, wanted: string | null = null): void {
  const parts: { absolute: string; mtimeMs: number; size: number }[] = [];
  for (const name of fs.readdirSync(directory)) {
    const absolute = path.join(directory, name);
    if (!isPart(name) || inUse.has(absolute) || absolute === wanted) continue;
    const stats = fs.lstatSync(absolute, { throwIfNoEntry: false });
    if (!stats?.isFile() || !isWorthKeeping(stats.size) || now - stats.mtimeMs > MAX_AGE_MS) remove(absolute);
    else parts.push({ absolute, mtimeMs: stats.mtimeMs, size: stats.size });
  }
  parts.sort((a, b) => b.mtimeMs - a.mtimeMs);
  let room = parts.length === 0 ? 0 : freeBytes(directory);
  for (const [i, { absolute, size }] of parts.entries()) {
    room -= size;
    if (i >= MAX_PARTS || room < 0) remove(absolute);
  }
}

/** Removes every part that is not in use: the disk is full. */
export function dropPartials(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    const absolute = path.join(directory, name);
    if (isPart(name) && !inUse.has(absolute)) remove(absolute);
  }
}

/** Parts may take as much again as is free. */
function freeBytes(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}

const remove = (absolute: string): void => fs.rmSync(absolute, { recursive: true, force: true });

// The paths in motion: files being written, files being read that take long, and paths that vanished just now. Until
// they are settled, what was reported of them goes on being reported.
import type { RelPath } from '../../core/path.js';
import { goneAt, retryMs } from './settle-times.js';

export interface Wait {
  /** `moving`: written to, or not yet read in one piece; `reading`: large, being read; `absent`: vanished. */
  readonly kind: 'moving' | 'reading' | 'absent';
  /** When it was first found in motion, and when to look again; milliseconds since 1970. */
  readonly since: number;
  readonly due: number;
  /** How often it could not be read in one piece. */
  readonly tries: number;
  /** The inode in motion; 0 where it is none, or not known. */
  readonly ino: number;
  /** For an absent path: the files that vanished with it. */
  readonly files: number;
}

export class Unsettled {
  readonly #waits = new Map<RelPath, Wait>();
  /** How many files are missing at present, and when the last of them was found so. */
  readonly #burst = { files: 0, last: 0 };

  /** How many paths the last look called unsettled. Whoever was told so waits for another look, and must get one. */
  told = 0;

  get size(): number {
    return this.#waits.size;
  }

  get(path: RelPath): Wait | null {
    return this.#waits.get(path) ?? null;
  }

  /** Every path in motion. */
  paths(): IterableIterator<RelPath> {
    return this.#waits.keys();
  }

  /** @returns the files that are to be looked at again by `now`. */
  dueFiles(now: number): RelPath[] {
    return this.all('files').flatMap(([path, wait]) => (wait.due <= now ? [path] : []));
  }

  /** Holds a file back until `due`. */
  hold(path: RelPath, kind: 'moving' | 'reading', at: { now: number; due: number; ino: number }): void {
    const before = this.#filesWait(path);
    this.#put(path, {
      kind,
      since: before?.since ?? at.now,
      due: at.due,
      tries: before?.tries ?? 0,
      ino: at.ino,
      files: 0,
    });
  }

  /** Holds a file back that could not be read in one piece, longer each time. */
  retry(path: RelPath, now: number, ino: number): void {
    const before = this.#filesWait(path);
    const tries = (before?.tries ?? 0) + 1;
    this.#put(path, { kind: 'moving', since: before?.since ?? now, due: now + retryMs(tries), tries, ino, files: 0 });
  }

  /** Notes that `path`, and `files` with it, is missing. What was in motion below it is no matter any more. */
  miss(path: RelPath, now: number, ino: number, files: number): void {
    if (this.#waits.get(path)?.kind === 'absent') return;
    if (ino === 0) this.releaseBelow(path);
    this.#burst.last = now;
    this.#put(path, { kind: 'absent', since: now, due: 0, tries: 0, ino, files });
  }

  /** Keeps an absent path waiting until `due`. */
  postpone(path: RelPath, due: number): void {
    const wait = this.#waits.get(path);
    if (wait !== undefined) this.#waits.set(path, { ...wait, due });
  }

  /** @returns when an absent path counts as deleted. */
  goneAt(wait: Wait): number {
    return goneAt(wait.since, this.#burst);
  }

  release(path: RelPath): void {
    const wait = this.#waits.get(path);
    if (wait === undefined) return;
    this.#waits.delete(path);
    if (wait.kind === 'absent') this.#burst.files -= wait.files;
  }

  releaseBelow(path: RelPath): void {
    if (this.#waits.size === 0) return;
    for (const other of [...this.#waits.keys()]) if (other.startsWith(`${path}/`)) this.release(other);
  }

  /** @returns those of the kinds `moving` and `reading`, or `absent`, as they stand. */
  all(which: 'files' | 'absent'): [RelPath, Wait][] {
    return [...this.#waits].filter(([, wait]) => (wait.kind === 'absent') === (which === 'absent'));
  }

  /** @returns when the next path is due, Infinity where none is. */
  nextDue(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const wait of this.#waits.values()) due = Math.min(due, wait.due);
    return due;
  }

  #filesWait(path: RelPath): Wait | null {
    const wait = this.#waits.get(path);
    return wait === undefined || wait.kind === 'absent' ? null : wait;
  }

  #put(path: RelPath, wait: Wait): void {
    this.release(path);
    this.#waits.set(path, wait);
    if (wait.kind === 'absent') this.#burst.files += wait.files;
  }
}

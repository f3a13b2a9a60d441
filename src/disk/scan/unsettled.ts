// The unsettled paths: files that are being written, large files that are being read, and paths that vanished just now.
// Until a path has settled, its last reported state stays.
import type { RelPath } from '../../core/path.js';
import { goneAt, retryMs } from './settle-times.js';

/** Why and until when one path is held back. */
export interface Wait {
  /** `moving`: being written, or changed while it was read; `reading`: large, being read; `absent`: vanished. */
  readonly kind: 'moving' | 'reading' | 'absent';
  /** When it was first found unsettled, and when to scan it again; milliseconds since 1970. */
  readonly since: number;
  readonly due: number;
  /** How often it changed while it was read. */
  readonly tries: number;
  /** The inode of the file; 0 for a directory or where it is not known. */
  readonly ino: number;
  /** Its size when it was last scanned, bytes; 0 for an absent path. */
  readonly size: number;
  /** For an absent path: how many files vanished with it. */
  readonly files: number;
}

/** The unsettled paths of one root. */
export class Unsettled {
  readonly #waits = new Map<RelPath, Wait>();
  /** How many files are missing at present, and when the last of them was found missing. */
  readonly #burst = { files: 0, last: 0 };

  /** How many unsettled paths the last report named. Its receiver waits for another scan and must get one. */
  reported = 0;

  get size(): number {
    return this.#waits.size;
  }

  get(path: RelPath): Wait | null {
    return this.#waits.get(path) ?? null;
  }

  /** Every unsettled path. */
  paths(): IterableIterator<RelPath> {
    return this.#waits.keys();
  }

  /** @returns the files that are due for another scan by `now`. */
  dueFiles(now: number): RelPath[] {
    return this.all('files').flatMap(([path, wait]) => (wait.due <= now ? [path] : []));
  }

  /** Holds a file back until `due`. */
  hold(
    path: RelPath,
    kind: 'moving' | 'reading',
    at: { readonly now: number; readonly due: number; readonly ino: number; readonly size: number },
  ): void {
    const before = this.#filesWait(path);
    this.#put(path, {
      kind,
      since: before?.since ?? at.now,
      due: at.due,
      tries: before?.tries ?? 0,
      ino: at.ino,
      size: at.size,
      files: 0,
    });
  }

  /** Holds a file back that changed while it was read, longer each time. */
  retry(path: RelPath, now: number, { ino, size }: { readonly ino: number; readonly size: number }): void {
    const before = this.#filesWait(path);
    const tries = (before?.tries ?? 0) + 1;
    const due = now + retryMs(tries);
    this.#put(path, { kind: 'moving', since: before?.since ?? now, due, tries, ino, size, files: 0 });
  }

  /** Records that `path` is missing, with `files` files. Releases the unsettled paths below it. */
  miss(path: RelPath, now: number, ino: number, files: number): void {
    if (this.#waits.get(path)?.kind === 'absent') return;
    if (ino === 0) this.releaseBelow(path);
    this.#burst.last = now;
    this.#put(path, { kind: 'absent', since: now, due: 0, tries: 0, ino, size: 0, files });
  }

  /** Holds an unsettled path back until `due`. */
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

  /** @returns a copy of the waits of the kinds `moving` and `reading` ('files'), or of the kind `absent`. */
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

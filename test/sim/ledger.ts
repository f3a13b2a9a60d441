// What users wrote and what became of it. A content is counted wherever it stands: in either tree, in versions, in held.
// The promise: it never goes from somewhere to nowhere by the engine's doing, unless a user destroyed a copy of it.
import type { World } from './world.js';

/** Whose doing something on a disk is. */
export type Doer = 'user' | 'engine' | 'power cut';

export class Ledger {
  readonly written = new Set<string>();
  /** Contents that a user overwrote or deleted somewhere, or lost in a power cut: to be lost is no fault from then on. */
  readonly released = new Set<string>();
  /** Contents saved in the one moment that no system call can guard, or at a first contact: to be had, but not in place. */
  readonly loose = new Set<string>();
  /** By path, the contents that a user replaced there: they must not come back by themselves. */
  readonly #superseded = new Map<string, Set<string>>();
  /** Paths of which the engine forgot what was shared, in a crash: what stood there may come back. */
  readonly #forgotten = new Set<string>();
  /** Contents whose times or bits a user changed at a path: that is a change, and survives a deletion elsewhere. */
  readonly #touched = new Set<string>();
  readonly #count = new Map<string, number>();
  /** Contents that stood in a tree once. */
  readonly stood = new Set<string>();
  /** Contents that somebody was told are safe: no power cut may take them. */
  readonly promised = new Set<string>();
  /** Contents that have come whole over the wire and are not in a tree yet. */
  readonly arrived = new Set<string>();
  /** Contents that the engine brought into a tree. */
  readonly placed = new Set<string>();
  #lastContent = 0;

  /** So long that they are as long on the wire as real ones; the same in each run of a seed. */
  #lastNumber = 1_000_000;

  constructor(readonly world: World) {}

  /** @returns the number of an inode or of a state of one, which no other has. */
  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** @returns a content that nobody ever wrote; `large` ones pass for megabytes. */
  newContent(large: boolean): string {
    const id = String(++this.#lastContent).padStart(4, '0');
    const content = `${large ? 'L' : ''}${id}:${id}`;
    this.written.add(content);
    return content;
  }

  count(content: string): number {
    return this.#count.get(content) ?? 0;
  }

  add(content: string, links: number, by: Doer): void {
    if (links === 0) return;
    const now = this.count(content) + links;
    this.#count.set(content, now);
    if (links < 0 && by === 'user') this.released.add(content);
    if (now === 0 && by === 'engine' && !this.released.has(content)) this.world.broken(`${content} was lost`);
    if (links > 0 && by === 'engine' && !this.written.has(content)) {
      this.world.broken(`${content} was written by nobody`);
    }
  }

  supersede(path: string, content: string): void {
    // Of two empty files nobody can tell which one it is.
    if (content === '') return;
    const at = this.#superseded.get(path);
    if (at === undefined) this.#superseded.set(path, new Set([content]));
    else at.add(content);
  }

  /** A user changed times or bits. */
  touch(path: string, content: string): void {
    this.#touched.add(`${path} ${content}`);
  }

  /** A user put `content` to `path`, or what replaced it there was taken back: it may stand there. */
  allow(path: string, content: string): void {
    this.#superseded.get(path)?.delete(content);
  }

  /** A directory was to give way to a file and did not: it is kept with all that was in it. */
  keptWhole(directory: string): void {
    for (const path of this.#superseded.keys()) if (path.startsWith(`${directory}/`)) this.#superseded.delete(path);
  }

  /** What a user replaced at `path` may stand there again: somebody said so. */
  allowAll(path: string): void {
    this.#superseded.delete(path);
  }

  /** The pair has said that it keeps `content`: from now on it is to be had, though a user may have replaced it before. */
  keeps(content: string): void {
    if (this.released.delete(content)) this.loose.add(content);
  }

  /** Both sides meet as for the first time: what was written so far is to be had, and may stand anywhere. */
  beginAnew(): void {
    this.#superseded.clear();
    for (const content of this.written) this.loose.add(content);
  }

  forget(path: string): void {
    this.#forgotten.add(path);
  }

  isSuperseded(path: string, content: string): boolean {
    if (this.#forgotten.has(path) || this.#touched.has(`${path} ${content}`)) return false;
    return this.#superseded.get(path)?.has(content) ?? false;
  }

  /** Contents that nobody destroyed: each must be in place on both sides. */
  *kept(): Generator<string> {
    for (const content of this.written) {
      if (this.stood.has(content) && !this.released.has(content) && !this.loose.has(content)) yield content;
    }
  }
}

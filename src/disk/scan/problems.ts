// The present problems of scanning: at most one for each path, removed as soon as the path can be scanned.
import type { Problem, ProblemCode } from '../../core/errors.js';
import { escapeControls, isAtOrBelow, type RelPath } from '../../core/path.js';

/** The problems of one root. */
export class Problems {
  /** By path; a bad name by its printable path. */
  readonly #problems = new Map<string, Problem>();
  /** Paths where something is that cannot be reported: it counts as neither present nor deleted. */
  readonly #unknown = new Set<RelPath>();
  readonly #badNames = new Map<RelPath | '', string[]>();
  #watchLimit: Problem | null = null;

  /** What is at `path` cannot be read or synchronised. */
  add(path: RelPath, code: ProblemCode, message: string): void {
    this.#unknown.add(path);
    this.#problems.set(path, { path, code, message });
  }

  addBadName(dir: RelPath | '', shown: string, why: string): void {
    const names = this.#badNames.get(dir) ?? [];
    this.#badNames.set(dir, [...names, shown]);
    const message = `${shown} cannot be synchronised: ${why}. Rename it to have it synchronised.`;
    this.#problems.set(shown, { path: shown, code: 'bad-name', message });
  }

  limitWatches(dir: string): void {
    this.#watchLimit ??= {
      path: dir,
      code: 'watch-limit',
      message:
        `The system has no watches left for ${escapeControls(dir)} and others; they are polled every second instead. ` +
        'Raise the limit with: sudo sysctl fs.inotify.max_user_watches=524288',
    };
  }

  /** Removes the problem of `path` itself. */
  clear(path: RelPath): void {
    if (this.#unknown.delete(path)) this.#problems.delete(path);
  }

  /** Removes the bad names in `dir`, which is about to be listed again. */
  clearNames(dir: RelPath | ''): void {
    if (!this.#badNames.has(dir)) return;
    for (const shown of this.#badNames.get(dir) ?? []) this.#problems.delete(shown);
    this.#badNames.delete(dir);
  }

  /** Removes all problems at and below `path`. */
  clearBelow(path: RelPath | ''): void {
    if (this.#problems.size === 0) return;
    for (const other of [...this.#unknown]) if (isAtOrBelow(other, path)) this.clear(other);
    for (const dir of [...this.#badNames.keys()]) if (isAtOrBelow(dir, path)) this.clearNames(dir);
  }

  has(path: RelPath): boolean {
    return this.#unknown.has(path);
  }

  unknown(): RelPath[] {
    return [...this.#unknown];
  }

  list(): Problem[] {
    const all = [...this.#problems.values()];
    return this.#watchLimit === null ? all : [...all, this.#watchLimit];
  }
}

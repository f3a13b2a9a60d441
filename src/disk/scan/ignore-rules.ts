// What is left out of synchronisation: names that are never synchronised, and the user's patterns in gitignore syntax.
import ignore, { type Ignore } from 'ignore';
import { isOwnerFileName, ownerFilePattern } from '../../core/owner-files/applications.js';
import { MAX_PATH_BYTES, nameOf, type RelPath, STATE_DIR } from '../../core/path.js';
import { needsGlobstarRule } from './globstar-rule.js';
import { OrderedRules } from './ordered-rules.js';

/** The file in a root with its own patterns. */
export const IGNORE_FILE = '.lockstepignore' as RelPath;

const NEVER = new Set([STATE_DIR, '.DS_Store', 'Thumbs.db', 'desktop.ini']);
/** The `ignore` package caches every path that it matched; the matcher is replaced before the cache gets large. */
const MAX_REMEMBERED = 20_000;

/** @returns whether a file or directory of this name is left out in every root, at any depth. */
export const isNeverSynchronised = (name: string): boolean => NEVER.has(name) || isOwnerFileName(name);

/** @returns the built-in rule by which a file of this name is left out; null for none. */
const builtInRule = (name: string): string | null => (NEVER.has(name) ? name : ownerFilePattern(name));

/** @returns the built-in rule that leaves out `path` or a directory above it; null for none. */
export function builtInRuleFor(path: string): string | null {
  for (const name of path.split('/')) {
    const rule = builtInRule(name);
    if (rule !== null) return rule;
  }
  return null;
}

/** The ignore rules of one side. Case matters. */
export class IgnoreRules {
  /** gitignore lines, without comments and empty ones. */
  readonly lines: readonly string[];
  /** Where `ignore` could take too long. */
  readonly #ordered: OrderedRules | null;
  #matcher: Ignore | null = null;
  #asked = 0;

  constructor(lines: readonly string[]) {
    this.lines = lines.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim() !== '' && line[0] !== '#');
    this.#ordered = this.lines.some((line) => needsGlobstarRule(line)) ? new OrderedRules(this.lines) : null;
  }

  /** @returns whether `path`, or a directory above it, is left out. */
  ignores(path: RelPath, isDir: boolean): boolean {
    return isNeverSynchronised(nameOf(path)) || hasNeverAbove(path) || this.matches(path, isDir);
  }

  /** As `ignores`, but checks the patterns only: no name in `path` is one that is never synchronised. */
  matches(path: RelPath, isDir: boolean): boolean {
    if (this.lines.length === 0) return false;
    if (this.#ordered !== null) return this.#ordered.ignores(path, isDir);
    if (this.#matcher === null || ++this.#asked > MAX_REMEMBERED) {
      this.#matcher = ignore({ ignoreCase: false }).add([...this.lines]);
      this.#asked = 0;
    }
    return this.#matcher.ignores(isDir ? `${path}/` : path);
  }

  /** @returns the last line that leaves `path` out and is not taken back; null where none does. */
  deciding(path: RelPath, isDir: boolean): string | null {
    if (!this.matches(path, isDir)) return null;
    // Lines in front never take back what later ones leave out: the last line without which it stays is found by halving.
    let [from, to] = [0, this.lines.length];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (new IgnoreRules(this.lines.slice(middle)).matches(path, isDir)) from = middle;
      else to = middle;
    }
    return this.lines[from]!;
  }

  /** @returns whether `other` has the same rules. */
  equals(other: IgnoreRules): boolean {
    return this.lines.length === other.lines.length && this.lines.every((line, n) => line === other.lines[n]);
  }
}

/** @returns the lines of `text`; one that is too long to match any path is empty. */
export const ignoreLines = (text: string): string[] =>
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => (line.length <= MAX_PATH_BYTES ? line : ''));

function hasNeverAbove(path: RelPath): boolean {
  for (let from = 0, to = path.indexOf('/'); to >= 0; from = to + 1, to = path.indexOf('/', from)) {
    if (isNeverSynchronised(path.slice(from, to))) return true;
  }
  return false;
}

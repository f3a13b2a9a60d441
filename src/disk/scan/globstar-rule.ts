// One gitignore line that has several `**`, matched in time that grows with the length of the path. The regular
// expressions of `ignore` try every way to spread a path over the `**`, which takes for ever on a path made for it.

import ignore, { type Ignore } from 'ignore';

const MAX_REMEMBERED = 20_000;
/** With one `**` the time grows with the parts times the square of the path's length. */
const MAX_PARTS = 6;

/** Whether one name of a path is what one part of a pattern describes. */
type NameTest = (name: string) => boolean;

/** The levels of one path that a rule matches: 1 is the highest directory, the number of names is the path itself. */
type LevelTest = (level: number) => boolean;

/** @returns whether `line` has so many `**`, or so much beside one, that only a {@link GlobstarRule} matches it in time. */
export function needsGlobstarRule(line: string): boolean {
  if (!line.includes('**/')) return false;
  const { parts } = partsOf(line);
  const globstars = parts.filter((part, n) => isGlobstar(part) && n < parts.length - 1).length;
  return globstars > 1 || (globstars === 1 && parts.length > MAX_PARTS);
}

/** A line of which {@link needsGlobstarRule} is true, without its `!`. */
export class GlobstarRule {
  /** The parts between one `**` and the next, but for the last. */
  readonly #runs: NameTest[][] = [];
  /** Where the pattern ends: at a name, or with `**` below what is before it. */
  readonly #last: NameTest[] | null;
  /** Whether the first run stands at the root, or anywhere. */
  readonly #isAnchored: boolean;
  readonly #dirOnly: boolean;

  constructor(line: string) {
    const { parts, dirOnly } = partsOf(line);
    this.#dirOnly = dirOnly;
    this.#isAnchored = !isGlobstar(parts[0]!);
    let run: NameTest[] = [];
    for (const part of parts) {
      if (!isGlobstar(part)) run.push(nameTest(part));
      else if (run.length > 0) {
        this.#runs.push(run);
        run = [];
      }
    }
    this.#last = run.length > 0 ? run : null;
  }

  /** Each run takes the first place at which it fits: a later one would leave less of the path to those that follow. */
  levelsOf(names: readonly string[], isDir: boolean): LevelTest {
    const end = this.#endOfRuns(names);
    const last = this.#last;
    return (level) => {
      if (end === null || (this.#dirOnly && level === names.length && !isDir)) return false;
      if (last === null) return level > end;
      const from = level - last.length;
      return from >= end && fits(last, names, from);
    };
  }

  /** @returns after how many names all runs have had their place; null: they have none. */
  #endOfRuns(names: readonly string[]): number | null {
    let from = 0;
    for (const [n, run] of this.#runs.entries()) {
      const lastStart = n === 0 && this.#isAnchored ? 0 : names.length - run.length;
      while (from <= lastStart && !fits(run, names, from)) from++;
      if (from > lastStart) return null;
      from += run.length;
    }
    return from;
  }
}

const fits = (run: readonly NameTest[], names: readonly string[], from: number): boolean =>
  from + run.length <= names.length && run.every((test, n) => test(names[from + n]!));

const isGlobstar = (part: string): boolean => part.length > 1 && /^\*+$/.test(part);

function partsOf(line: string): { parts: string[]; dirOnly: boolean } {
  const trimmed = line.replace(/(?<! ) +$/, '');
  // A space after a backslash stays.
  const text = trimmed.endsWith('\\') && trimmed.length < line.length ? `${trimmed} ` : trimmed;
  const dirOnly = text.endsWith('/');
  return { parts: text.slice(text.startsWith('/') ? 1 : 0, dirOnly ? -1 : undefined).split('/'), dirOnly };
}

/** As `ignore` reads it; in a pattern for directories nothing at the end of a name has a meaning of its own. */
function nameTest(part: string): NameTest {
  if (part === '*') return () => true;
  if (!/[*?[\\]/.test(part)) return (name) => name === part;
  const known = new Map<string, boolean>();
  let matcher: Ignore | null = null;
  return (name) => {
    let isMatch = known.get(name);
    if (isMatch !== undefined) return isMatch;
    if (matcher === null || known.size >= MAX_REMEMBERED) {
      known.clear();
      matcher = ignore({ ignoreCase: false }).add([`!/${part}/`]);
    }
    isMatch = matcher.test(`${name}/`).unignored;
    known.set(name, isMatch);
    return isMatch;
  };
}

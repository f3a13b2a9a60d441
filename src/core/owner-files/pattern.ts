// Patterns for paths as `.gitignore` has them, except that letters may be large or small: the same kind of documents is
// called `.dwg` by one program and `.DWG` by another. Matching takes no longer than the length of the pattern times that of
// the path.

/** The names of a path, each as its characters in lower case. */
type PathNames = readonly (readonly string[])[];

/** @returns whether the pattern describes the path of a file, or a directory above it. */
export type PathPattern = (names: PathNames) => boolean;

/** What describes one item, or any number of them. */
type Wild<Item> = ((item: Item) => boolean) | 'any';

const MAX_LENGTH = 1_000;

export const namesOf = (path: string): PathNames =>
  path
    .toLowerCase()
    .split('/')
    .map((name) => [...name]);

/**
 * `*` and `?` stand for characters of one name, `[a-z]` and `[!a-z]` for one character, `**` for directories; `\` takes its
 * meaning from the next character. With a `/` at its beginning or within it a pattern stands at the root, else anywhere;
 * with a `/` at its end it stands for what is in a directory.
 * @returns what is wrong with `text`, as a sentence.
 */
export function parsePattern(text: string): PathPattern | string {
  const names = text.replace(/^\/|\/$/g, '').split('/');
  const fault = patternFault(text, names);
  if (fault !== null) return fault;
  const parts = names.map((name) => (/^\*\*+$/.test(name) ? 'any' : parsePart([...name.toLowerCase()])));
  if (parts.includes(null)) return 'The pattern has a "[" that is not closed, or a backslash before nothing.';
  const isAnchored = text.slice(0, -1).includes('/');
  // `**` at the end stands for at least one name, and so does what is in a directory.
  const inside = [parts.at(-1) === 'any' ? isAnyName : [], text.endsWith('/') ? isAnyName : []];
  const wild = [isAnchored ? [] : 'any', parts, inside, 'any'].flat(2) as Wild<readonly string[]>[];
  return (path) => fits(wild, path);
}

const isAnyName = (): boolean => true;

function patternFault(text: string, names: readonly string[]): string | null {
  if (text.length > MAX_LENGTH) return `The pattern is longer than ${MAX_LENGTH} characters.`;
  if (text.startsWith('!')) return 'A pattern cannot begin with "!": let a later line say something else.';
  if (names.includes('')) return 'The pattern is empty, or a name in it is.';
  return names.some((name) => name === '.' || name === '..')
    ? 'A pattern is below the root: no name in it is "." or "..".'
    : null;
}

/** @returns null where `part` is not complete. */
function parsePart(part: readonly string[]): ((name: readonly string[]) => boolean) | null {
  const wild: Wild<string>[] = [];
  for (let at = 0; at < part.length; at++) {
    const c = part[at]!;
    if (c === '*') wild.push('any');
    else if (c === '?') wild.push(() => true);
    else if (c === '[') {
      const set = parseSet(part, at);
      if (set === null) return null;
      wild.push(set.has);
      at = set.end;
    } else {
      const meant = c === '\\' ? part[++at] : c;
      if (meant === undefined) return null;
      wild.push((found) => found === meant);
    }
  }
  return (name) => fits(wild, name);
}

/** @returns the set that begins at `from`, and where it ends; null where it does not end. */
function parseSet(part: readonly string[], from: number): { has: (c: string) => boolean; end: number } | null {
  const isNot = part[from + 1] === '!' || part[from + 1] === '^';
  const first = from + (isNot ? 2 : 1);
  const ranges: [string, string][] = [];
  for (let at = first; at < part.length; at++) {
    if (part[at] === ']' && at > first) return { has: (c) => isNot !== isIn(ranges, c), end: at };
    if (part[at] === '\\') at++;
    const [low, dash, high] = [part[at], part[at + 1], part[at + 2]];
    const isRange = dash === '-' && high !== undefined && high !== ']';
    if (low !== undefined) ranges.push([low, isRange ? high : low]);
    if (isRange) at += 2;
  }
  return null;
}

const isIn = (ranges: readonly [string, string][], c: string): boolean =>
  ranges.some(([low, high]) => low.codePointAt(0)! <= c.codePointAt(0)! && c.codePointAt(0)! <= high.codePointAt(0)!);

/** Each `any` takes as few items as it can: where the rest does not fit, only the last one has to take more. */
function fits<Item>(wild: readonly Wild<Item>[], items: readonly Item[]): boolean {
  let [at, last, next] = [0, -1, 0];
  for (let n = 0; n < items.length; ) {
    const one = wild[at];
    if (one === 'any') [last, next] = [at++, n];
    else if (one?.(items[n]!)) [at, n] = [at + 1, n + 1];
    else if (last < 0) return false;
    else [at, n] = [last + 1, ++next];
  }
  return wild.slice(at).every((one) => one === 'any');
}

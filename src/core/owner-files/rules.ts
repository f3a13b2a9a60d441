// The rules of `.lockstep-rules`: which documents are locked while they are open, which are guarded, and which are locked by
// their first change. Each line is read on its own: a bad one is told, and the others count.
import { quote, utf8Length } from '../path.js';
import { namesOf, type PathPattern, parsePattern } from './pattern.js';

/** What holds for one document. */
interface LockRule {
  /** Whether it is locked while it is open. */
  readonly auto: 'auto' | 'never';
  /** Whether the other side's copy is read-only while it is locked. */
  readonly guard: boolean;
  /** It is locked for the side that changes it until it has been quiet so long, in milliseconds; null: it is not. */
  readonly firstWriteMs: number | null;
}

export interface LockRules {
  /** Whether any line says `first-write`. */
  readonly hasFirstWrites: boolean;
  /** @returns what the last line says that matches `path`. */
  ruleOf(path: string): LockRule;
}

/** What is wrong with a line. */
export interface RuleProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const MAX_BYTES = 65_536;
const MAX_LINES = 1_000;
/** The longest time of a timer. */
const MAX_MS = 2 ** 31 - 1;

const ALLOWED = 'auto, never, guard, or first-write and a duration such as 10m';

interface Line {
  readonly pattern: PathPattern;
  /** null: the line says neither auto nor never. */
  readonly auto: 'auto' | 'never' | null;
  readonly guard: boolean;
  readonly firstWriteMs: number | null;
}

/** Many people have a Revit model open at once, by design. */
const isRevit = (path: string): boolean => /\.rvt$/i.test(path);

/**
 * A line is `PATTERN WORD…`, a pattern as in `.gitignore` except that letters may be large or small. A blank in a pattern
 * is written `\ `, or the pattern stands in double quotes. `#` begins a comment. A line that says neither `auto` nor
 * `never` leaves it at what is built in: `never` for `*.rvt`, `auto` for all others.
 * @param text the content of the file.
 * @returns the rules of the good lines, and what is wrong with the others.
 */
export function parseLockRules(text: string): { readonly rules: LockRules; readonly problems: readonly RuleProblem[] } {
  if (text.length > MAX_BYTES || utf8Length(text) > MAX_BYTES) {
    return {
      rules: rulesOf([]),
      problems: [{ line: 1, message: 'The file is larger than 64 KiB; no line of it counts.' }],
    };
  }
  const all = text.replace(/^\ufeff|\n$/g, '').split(/\r?\n/);
  const problems: RuleProblem[] = [];
  const lines: Line[] = [];
  for (const [n, line] of all.slice(0, MAX_LINES).entries()) {
    const read = parseLine(line);
    if (typeof read === 'string') problems.push({ line: n + 1, message: read });
    else if (read !== null) lines.push(read);
  }
  if (all.length > MAX_LINES) problems.push({ line: MAX_LINES + 1, message: 'Only the first 1,000 lines count.' });
  return { rules: rulesOf(lines), problems };
}

function rulesOf(lines: readonly Line[]): LockRules {
  return {
    hasFirstWrites: lines.some(({ firstWriteMs }) => firstWriteMs !== null),
    ruleOf: (path) => {
      const names = namesOf(path);
      const line = lines.findLast(({ pattern }) => pattern(names));
      const builtIn = isRevit(path) ? 'never' : 'auto';
      return { auto: line?.auto ?? builtIn, guard: line?.guard ?? false, firstWriteMs: line?.firstWriteMs ?? null };
    },
  };
}

/** @returns what is wrong, as a sentence; null for a line that says nothing. */
function parseLine(line: string): Line | string | null {
  const trimmed = line.trimStart();
  if (trimmed === '' || trimmed.startsWith('#')) return null;
  const split = splitLine(trimmed);
  if (split === null) return 'The pattern has no closing quote, or no blank after it.';
  const pattern = parsePattern(split.pattern);
  if (typeof pattern === 'string') return pattern;
  const words = split.rest.split(/\s+/).filter((word) => word !== '');
  const comment = words.findIndex((word) => word.startsWith('#'));
  const said = parseWords(comment < 0 ? words : words.slice(0, comment));
  return typeof said === 'string' ? said : { pattern, ...said };
}

/** @returns null where a quote is not closed. */
function splitLine(line: string): { pattern: string; rest: string } | null {
  const isQuoted = line.startsWith('"');
  const parts = (isQuoted ? /^"((?:[^"\\]|\\.)*)"(?=\s|$)(.*)$/su : /^((?:[^\s\\]|\\.|\\$)+)(.*)$/su).exec(line);
  return parts === null ? null : { pattern: parts[1]!, rest: parts[2]! };
}

type Said = { -readonly [field in keyof Omit<Line, 'pattern'>]: Line[field] };

/** @returns what is wrong, as a sentence. */
function parseWords(words: readonly string[]): Said | string {
  const said: Said = { auto: null, guard: false, firstWriteMs: null };
  const rest = [...words];
  while (rest.length > 0) {
    const fault = takeWord(rest, said);
    if (fault !== null) return fault;
  }
  if (words.length === 0) return `A word is missing after the pattern: ${ALLOWED}.`;
  return said.auto === 'never' && said.firstWriteMs !== null ? 'A line says either never or first-write.' : said;
}

/** Takes one word off the beginning of `rest`, and its duration. */
function takeWord(rest: string[], said: Said): string | null {
  const word = rest.shift()!;
  if (word === 'guard') said.guard = true;
  else if (word === 'first-write') said.firstWriteMs = durationIn(rest.shift() ?? '');
  else if (word !== 'auto' && word !== 'never') return `${quote(word)} is none of these: ${ALLOWED}.`;
  else if (said.auto !== null && said.auto !== word) return 'A line says either auto or never.';
  else said.auto = word;
  const isTimeless = word === 'first-write' && said.firstWriteMs === null;
  return isTimeless ? 'first-write takes a duration such as 60s or 10m, of 24 days at most.' : null;
}

const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/, 1],
  [/^(?:|s|secs?|seconds?)$/, 1_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:w|weeks?)$/, 604_800_000],
];

/** @returns milliseconds, as all durations are read here: a number alone means seconds; null where `text` is none. */
function durationIn(text: string): number | null {
  const parts = /^(\d{1,15}(?:\.\d{1,15})?)([a-z]*)$/.exec(text.toLowerCase());
  const unit = UNIT_MS.find(([name]) => name.test(parts?.[2] ?? '?'));
  if (parts === null || unit === undefined) return null;
  const ms = Math.round(Number(parts[1]) * unit[1]);
  return ms >= 1 && ms <= MAX_MS ? ms : null;
}

// Checks whether a journal is complete. Everything up to its watermark must be there. After that, a last line that a
// kill or a power cut tore off is no damage; anything else is.

import fs from 'node:fs';
import type { Expectation } from './journal.js';
import { follow, type Head, headOf, type Position } from './journal.js';
import { linesOf, reading } from './journal-lines.js';

/** How a state file is damaged. With a foreign `tail`, nothing is lost. */
export type DamageKind = 'missing' | 'empty' | 'cut' | 'older' | 'damaged' | 'foreign' | 'tail';

const WORDS: Readonly<Record<DamageKind, string>> = {
  missing: 'is missing',
  empty: 'is empty',
  cut: 'is cut short',
  older: 'is an older copy of what it was',
  damaged: 'is damaged',
  foreign: 'is of another version, or none of ours',
  tail: 'has something foreign at its end; what stands before that is complete',
};

/** @returns what is wrong with `file`, and where it was moved, for people. */
export function damageText(file: string, kind: DamageKind, setAside: string | null): string {
  const where = setAside === null ? '' : `, and as it was found it is set aside as ${setAside}`;
  return `The state file ${file} ${WORDS[kind]}${where}.`;
}

/** The result of a check. */
export interface Found {
  readonly exists: boolean;
  readonly head: Head | null;
  /** The end of the valid lines at the beginning. */
  readonly end: Position;
  readonly damage: DamageKind | null;
}

const NOTHING = { head: null, end: { bytes: 0, chain: 0 } };

/** @param expected what was written according to the watermark; null where there is none. */
export function checkJournal(file: string, expected: Expectation | null): Found {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { ...NOTHING, exists: false, damage: expected === null ? null : 'missing' };
  if (stats.isSymbolicLink()) return { ...NOTHING, exists: true, damage: 'foreign' };
  return reading(file, (fd) => checkLines(fd, stats.size, expected));
}

function checkLines(fd: number, size: number, expected: Expectation | null): Found {
  const head = headOf(fd);
  if (head === null) return { ...NOTHING, exists: true, damage: size === 0 ? 'empty' : beginningOf(fd, size) };
  const known = expected !== null && head.chained && expected.generation === head.generation ? expected : null;
  let { bytes, chain } = head.start;
  let atMark = bytes === known?.bytes ? chain : null;
  let bad = 0;
  for (const { line, ended } of linesOf(fd, bytes)) {
    const next = ended && bad === 0 ? follow(head, line, chain) : null;
    if (next === null) bad++;
    else {
      bytes += line.length + 1;
      chain = next;
      if (bytes === known?.bytes) atMark = chain;
    }
  }
  const end = { bytes, chain };
  const damage = damageOf({ fd, size, head, end, bad, atMark, known, expected });
  return { exists: true, head, end, damage };
}

interface Lines {
  readonly fd: number;
  readonly size: number;
  readonly head: Head;
  readonly end: Position;
  /** How many lines there are from the first invalid one on. */
  readonly bad: number;
  /** The checksum at the watermark; null where no line ends there. */
  readonly atMark: number | null;
  /** The watermark, if it is about this generation of the journal. */
  readonly known: Expectation | null;
  readonly expected: Expectation | null;
}

function damageOf({ fd, size, head, end, bad, atMark, known, expected }: Lines): DamageKind | null {
  if (expected !== null && head.generation < expected.generation) return 'older';
  if (known !== null && end.bytes < known.bytes) return bad === 0 || size < known.bytes ? 'cut' : 'damaged';
  if (known !== null && atMark !== known.chain) return 'damaged';
  if (bad === 0) return null;
  if (known?.closed) return 'tail';
  if (bad > 1) return 'damaged';
  return isTorn(fd, end.bytes) ? null : 'tail';
}

/** Whether the bytes at `at` may be the beginning of a journal line, or of a page that was never written (zeros). */
function isTorn(fd: number, at: number): boolean {
  const bytes = Buffer.alloc(16);
  const begun = bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, at));
  return (
    begun.every((byte) => byte === 0) ||
    /^(?:[0-9a-f]{1,8}\0*|[0-9a-f]{8} \0*|[0-9a-f]{8} \[.*)$/s.test(begun.toString('latin1'))
  );
}

const HEADER_START = 'lockstep-store ';

/** The kind of damage of a file without a complete header. */
function beginningOf(fd: number, size: number): DamageKind {
  const bytes = Buffer.alloc(HEADER_START.length);
  const text = bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, bytes.length, 0));
  if (size <= text.length) return HEADER_START.startsWith(text) ? 'cut' : 'foreign';
  if (text !== HEADER_START) return 'foreign';
  const rest = Buffer.alloc(32);
  return /^[12](?: \d*)?$/.test(rest.toString('latin1', 0, fs.readSync(fd, rest, 0, rest.length, text.length)))
    ? 'cut'
    : 'foreign';
}

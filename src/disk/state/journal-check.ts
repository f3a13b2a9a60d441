// Whether a journal is all that it was. What its watermark says was written must be there; beyond that, a last line that a
// kill or a power cut has torn is no damage, and anything else is.

import fs from 'node:fs';
import type { Expectation } from './journal.js';
import { follow, type Head, headOf, type Position } from './journal.js';
import { linesOf, reading } from './journal-lines.js';

/** How a state file is not what it was. Of one with a strange `tail` nothing is lost. */
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

/** Says in words what is wrong with `file`, and where it went. */
export function damageText(file: string, kind: DamageKind, setAside: string | null): string {
  const where = setAside === null ? '' : `, and as it was found it is set aside as ${setAside}`;
  return `The state file ${file} ${WORDS[kind]}${where}.`;
}

/** What a journal is found to be. */
export interface Found {
  readonly exists: boolean;
  readonly head: Head | null;
  /** Where the lines that are sound from the beginning on end. */
  readonly end: Position;
  readonly damage: DamageKind | null;
}

const NOTHING = { head: null, end: { bytes: 0, chain: 0 } };

/** @param expected what is known to have been written; null where nothing is known of this file. */
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
  /** How many lines from the first that is not sound on. */
  readonly bad: number;
  /** The checksum where the watermark stands; null where no line ends there. */
  readonly atMark: number | null;
  /** What is known of this generation of the journal. */
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

/** Whether what begins at `at` may be what is left of a line of ours, or of a page that never was written. */
function isTorn(fd: number, at: number): boolean {
  const bytes = Buffer.alloc(16);
  const begun = bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, at));
  return (
    begun.every((byte) => byte === 0) ||
    /^(?:[0-9a-f]{1,8}\0*|[0-9a-f]{8} \0*|[0-9a-f]{8} \[.*)$/s.test(begun.toString('latin1'))
  );
}

const HEADER_START = 'lockstep-store ';

/** A file with no whole header: the beginning of one, or something else. */
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

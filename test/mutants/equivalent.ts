// Mutants that change nothing that anybody could see, each with the reason. They are left out of the sample.
import type { Shown } from './mutation.js';

interface Equivalent {
  readonly file: string;
  /** The whole line, without the spaces around it. */
  readonly source: string;
  readonly original: string;
  readonly mutated: string;
  readonly reason: string;
}

const EQUIVALENT: readonly Equivalent[] = [];

const known = new Set(EQUIVALENT.map((row) => keyOf(row.file, row)));

export const isEquivalent = (file: string, place: Omit<Shown, 'line'>): boolean => known.has(keyOf(file, place));

function keyOf(file: string, { source, original, mutated }: Omit<Shown, 'line'>): string {
  return [file, source, original, mutated].join('\n');
}

// Rows about mutants that change nothing are found when the code that they are about has changed.
import { expect, test } from 'vitest';
import { type Equivalent, outdated } from './equivalent.js';
import { shown } from './mutation.js';
import { mutationsOf } from './operators.js';

const row: Equivalent = {
  file: 'src/core/x.ts',
  source: 'if (a && b) f();',
  original: 'a && b',
  mutated: 'a',
  reason: 'Where a is, b is.',
};

test.each<[it: string, file: string, text: string, rows: readonly Equivalent[], found: number]>([
  ['the line stands', row.file, '  if (a && b) f();', [row], 0],
  ['it stands elsewhere in the file', row.file, 'g();\n\nif (a && b) f();', [row], 0],
  ['it has changed', row.file, 'if (a && c) f();', [row], 1],
  ['it is in another file', 'src/core/y.ts', 'if (a && b) f();', [row], 1],
  ['another mutant of it is meant', row.file, 'if (a && b) f();', [{ ...row, mutated: 'c' }], 1],
  ['it is about another room', row.file, '', [{ ...row, file: 'src/disk/x.ts' }], 0],
])('where %s', (_, file, text, rows, found) => {
  const made = mutationsOf(file, text).map((mutation) => ({ file, place: shown(mutation, text) }));
  expect(outdated('src/core/', made, rows)).toHaveLength(found);
});

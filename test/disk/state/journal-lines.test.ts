// The lines of a file in pieces of any size, also empty ones, and the last one without an end.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { linesOf } from '../../../src/disk/state/journal-lines.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const LONG = 'x'.repeat(3 << 20);

test.each<[it: string, text: string, at: number, lines: string[]]>([
  ['nothing', '', 0, []],
  ['lines', 'a\nbc\n', 0, ['a.', 'bc.']],
  ['a last line without an end', 'a\nbc', 0, ['a.', 'bc']],
  ['empty lines, also the first', '\n\na\n\n', 0, ['.', '.', 'a.', '.']],
  ['what comes after a place', 'a\nbc\n', 2, ['bc.']],
  ['lines longer than a piece', `a\n${LONG}\n\nb`, 0, ['a.', `${LONG}.`, '.', 'b']],
])('%s', (_, text, at, lines) => {
  const root = makeRoot('lines');
  onTestFinished(() => removeRoot(root));
  const file = path.join(root, 'file');
  fs.writeFileSync(file, text);
  const fd = fs.openSync(file, 'r');
  try {
    const found: string[] = [];
    for (const { line, ended } of linesOf(fd, at)) found.push(`${line}${ended ? '.' : ''}`);
    expect(found).toEqual(lines);
  } finally {
    fs.closeSync(fd);
  }
});

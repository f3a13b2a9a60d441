// What is wrong with a journal of which not even the header is there, and how that is said.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkJournal, type DamageKind, damageText } from '../../../src/disk/state/journal-check.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('journal');
});
afterEach(() => removeRoot(root));

test.each<[content: string, damage: DamageKind]>([
  ['', 'empty'],
  ['l', 'cut'],
  ['lockstep-store', 'cut'],
  ['lockstep-store ', 'cut'],
  ['lockstep-store 1', 'cut'],
  ['lockstep-store 2 17', 'cut'],
  ['lockstep-store 3', 'foreign'],
  ['lockstep-store x', 'foreign'],
  ['x', 'foreign'],
  ['lockstep-score', 'foreign'],
  ['something else altogether', 'foreign'],
])('%j is %s', (content, damage) => {
  const file = path.join(root, 'x.log');
  fs.writeFileSync(file, content);
  expect(checkJournal(file, null)).toMatchObject({ exists: true, head: null, damage });
});

test.each([
  [null, 'The state file /r/x.log is cut short.'],
  ['x.log.1', 'The state file /r/x.log is cut short, and as it was found it is set aside as x.log.1.'],
])('set aside as %s it is said where', (setAside, text) => {
  expect(damageText('/r/x.log', 'cut', setAside)).toBe(text);
});

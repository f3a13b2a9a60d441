import { expect, test } from 'vitest';
import { shellWord } from '../../src/core/shell-word.js';

test.each([
  ["it's", "'it'\\''s'"],
  ['a b', "'a b'"],
  ['plain-1.0/x', 'plain-1.0/x'],
  ['größe/名前', 'größe/名前'],
  ['$(rm)', "'$(rm)'"],
  ['~anna/x', "'~anna/x'"],
  ['two\nlines', "'two\nlines'"],
  ['', "''"],
])('%j', (text, word) => {
  expect(shellWord(text)).toBe(word);
});

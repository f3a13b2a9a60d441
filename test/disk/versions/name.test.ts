// The names of versions, and what is none.
import { expect, test } from 'vitest';
import { isVersionOf, originalName } from '../../../src/disk/versions/name.js';

test.each([
  ['x (2026-11-21 14-03-22).txt', 'x.txt'],
  ['x (2026-11-21 14-03-22 2).txt', 'x.txt'],
  ['x (2026-11-21 14-03-22)', 'x'],
  ['x.txt', null],
  ['x (2026-11-21).txt', null],
  ['x (2026-13-41 14-03-22).txt', null],
  [' (2026-11-21 14-03-22).txt', null],
])('%j is a version of %j', (version, name) => {
  expect(originalName(version)).toBe(name);
});

test.each([
  ['x (2026-11-21 14-03-22).txt', 'x.txt', true],
  ['x (2026-11-21 14-03-22 2).txt', 'x.txt', true],
  ['x (2026-11-21 14-03-22)', 'x', true],
  ['x (2026-11-21 14-03-22).txt', 'x.md', false],
  ['x (2026-11-21 14-03-22).txt', 'x', false],
  ['x (2026-11-21 14-03-22)', 'x.txt', false],
  ['y (2026-11-21 14-03-22).txt', 'x.txt', false],
  ['x.txt', 'x.txt', false],
])('whether %j is a version of the file %j: %s', (version, name, is) => {
  expect(isVersionOf(version, name)).toBe(is);
});

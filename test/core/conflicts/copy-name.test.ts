import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conflictName, isConflictCopy, originalName } from '../../../src/core/conflicts/copy-name.js';
import { stampOf } from '../../../src/core/file-name.js';
import {
  MAX_NAME_BYTES,
  nameOf,
  parentOf,
  parsePath,
  pathFault,
  type RelPath,
  utf8Length,
} from '../../../src/core/path.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const STAMP = '2026-11-21 14-03-22';
const MARK = ` (conflict B ${STAMP})`;
const free = () => false;

describe('conflictName', () => {
  test.each([
    ['notes.txt', `notes${MARK}.txt`],
    ['docs/notes.txt', `docs/notes${MARK}.txt`],
    ['v1.2/plan', `v1.2/plan${MARK}`],
    ['archive.tar.gz', `archive.tar${MARK}.gz`],
    ['.bashrc', `.bashrc${MARK}`],
    ['.eslintrc.json', `.eslintrc${MARK}.json`],
    ['dot.', `dot${MARK}.`],
    ['a.not-really-an-extension', `a.not-really-an-extension${MARK}`],
    ['🦊.png', `🦊${MARK}.png`],
    // A copy of a copy is a copy of the original.
    ['notes (conflict A 2025-01-02 03-04-05).txt', `notes${MARK}.txt`],
    ['notes (conflict A 2025-01-02 03-04-05 3).txt', `notes${MARK}.txt`],
    // Without the mark no valid name would be left, so the mark is part of the name.
    [' (conflict A 2025-01-02 03-04-05)', ` (conflict A 2025-01-02 03-04-05)${MARK}`],
  ])('%s', (path, copy) => {
    expect(conflictName(parsePath(path), 'b', STAMP, free)).toBe(copy);
    expect(isConflictCopy(copy as RelPath)).toBe(true);
  });

  test('contains the side of the content', () => {
    expect(conflictName(parsePath('x.txt'), 'a', STAMP, free)).toBe(`x (conflict A ${STAMP}).txt`);
  });

  test('counts until the name is free', () => {
    const taken = new Set([`x${MARK}.txt`, `x (conflict B ${STAMP} 2).txt`]);
    const name = conflictName(parsePath('x.txt'), 'b', STAMP, (path) => taken.has(path));
    expect(name).toBe(`x (conflict B ${STAMP} 3).txt`);
    expect(originalName(name)).toBe('x.txt');
  });

  const letter = fc.constantFrom('x', '.', ' ', 'é', '漢', '🦊', '👩‍👧', '\\', ')', '(conflict', MARK);
  const name = fc
    .array(fc.tuple(letter, fc.constantFrom(1, 1, 2, 30, 90)), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.map(([text, times]) => text.repeat(times)).join(''))
    .map((text) => {
      let left = MAX_NAME_BYTES;
      let kept = '';
      for (const point of text) {
        left -= utf8Length(point);
        if (left < 0) break;
        kept += point;
      }
      return kept;
    })
    .filter((text) => pathFault(text) === null);

  test(`is a free and valid name beside the original, ${replay}`, { timeout: propertyMs }, () => {
    fc.assert(
      fc.property(name, fc.nat({ max: 12 }), (text, others) => {
        const path = parsePath(`d/${text}`);
        const taken = new Set<RelPath>();
        for (let n = 0; n <= others; n++) {
          const copy = conflictName(path, 'b', STAMP, (other) => taken.has(other));
          // One expect for all: five of them were most of the time that this takes.
          const isFree = !taken.has(copy) && utf8Length(nameOf(copy)) <= MAX_NAME_BYTES && isConflictCopy(copy);
          expect([pathFault(copy), parentOf(copy), isFree], copy).toEqual([null, 'd', true]);
          taken.add(copy);
        }
      }),
      runs(200),
    );
  });
});

describe('originalName', () => {
  test.each([
    ['x.txt', 'x.txt'],
    [`x${MARK}.txt`, 'x.txt'],
    [`d${MARK}/x.txt`, `d${MARK}/x.txt`],
    // Misleading names: without the mark no valid path would be left, and `resolve` acts on what is left.
    [`.${MARK}.`, `.${MARK}.`],
    [`.lock${MARK}step`, `.lock${MARK}step`],
    [`d/${MARK}`, `d/${MARK}`],
    [MARK, MARK],
  ])('%j', (path, original) => {
    expect(originalName(parsePath(path))).toBe(original);
    expect(isConflictCopy(parsePath(path))).toBe(path !== original);
  });
});

test('stampOf returns the local time to the second', () => {
  expect(stampOf(new Date(2026, 10, 21, 14, 3, 22, 999))).toBe(STAMP);
  expect(stampOf(new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03-04-05');
});

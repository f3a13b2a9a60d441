import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/core/errors.js';
import {
  comparePaths,
  escapeControls,
  isAtOrBelow,
  joinPath,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  nameOf,
  otherSide,
  parentOf,
  parsePath,
  pathFault,
  quote,
  type RelPath,
  someAtOrAbove,
  utf8Length,
} from '../../src/core/path.js';
import { propertyMs, replay, runs } from '../support/core/random.js';

const sound = [
  'x',
  'docs/plan.txt',
  '...',
  '..x',
  'x..',
  '.hidden',
  '.lockstepignore',
  'a/.lockstep2',
  '-rf',
  '~',
  ' ',
  'a b/c\td',
  'new\nline',
  '\u001b[31mred',
  'back\\slash',
  'C:',
  '7',
  '__proto__',
  'é',
  'e\u0301',
  '🦊',
  '🦊'.repeat(63),
  'é'.repeat(127),
  `${'x'.repeat(255)}/y`,
  Array(16).fill('x'.repeat(255)).join('/').slice(0, MAX_PATH_BYTES),
];

const unsound: [text: unknown, why: RegExp][] = [
  ['', /empty/],
  [undefined, /not text/],
  [null, /not text/],
  [7, /not text/],
  [{}, /not text/],
  [['x'], /not text/],
  ['/', /absolute/],
  ['/etc/passwd', /absolute/],
  ['//x', /absolute/],
  ['\\x', /absolute/],
  ['\\\\host\\share', /absolute/],
  ['..', /\.\./],
  ['../x', /\.\./],
  ['x/..', /\.\./],
  ['x/../../y', /\.\./],
  ['..\\x', /\.\./],
  ['x\\..', /\.\./],
  ['x\\../y', /\.\./],
  ['x/y\\..\\..\\..\\z', /\.\./],
  ['.', /lone \./],
  ['./x', /lone \./],
  ['x/.', /lone \./],
  ['x/./y', /lone \./],
  ['x//y', /empty name/],
  ['x/', /empty name/],
  ['x\0', /NUL/],
  ['\0', /NUL/],
  ['x/\0/y', /NUL/],
  ['.lockstep', /own/],
  ['.lockstep/state', /own/],
  ['x/.lockstep/y', /own/],
  ['x\\.lockstep', /own/],
  ['.lockstep\\held', /own/],
  ['\ud800', /Unicode/],
  ['x/\udc00y', /Unicode/],
  ['x'.repeat(256), /longer than 255/],
  ['🦊'.repeat(64), /longer than 255/],
  [`y/${'é'.repeat(128)}`, /longer than 255/],
  ['x/'.repeat(2048), /longer than 4095/],
];

describe('SCENARIO 30: parsePath', () => {
  test.each(sound)('takes %j', (text) => {
    expect(parsePath(text)).toBe(text);
  });

  test.each(unsound)('refuses %j', (text, why) => {
    const attempt = () => parsePath(text);
    expect(attempt).toThrow(SyncError);
    expect(attempt).toThrow(why);
    expect(attempt).toThrow(expect.objectContaining({ code: 'bad-path' }));
  });

  test('quotes the path shortened and without its control characters', () => {
    expect(() => parsePath('\u001b[2J/../x')).toThrow('"\\u001b[2J/../x"');
    expect(() => parsePath(`/${'x'.repeat(5000)}`)).toThrow(/^.{0,250}$/s);
  });
});

describe('parts', () => {
  test.each([
    ['x', '', 'x'],
    ['d/x', 'd', 'x'],
    ['d/e/x.y', 'd/e', 'x.y'],
  ])('%s', (text, parent, name) => {
    const path = parsePath(text);
    expect([parentOf(path), nameOf(path)]).toEqual([parent, name]);
    expect(joinPath(parentOf(path), nameOf(path))).toBe(path);
  });

  test.each([
    ['d', 'd', true],
    ['d/x', 'd', true],
    ['dx', 'd', false],
    ['d', 'd/x', false],
    ['anything', '', true],
  ])('%s at or below %s: %s', (path, above, answer) => {
    expect(isAtOrBelow(path, above)).toBe(answer);
  });

  test('the sides', () => {
    expect([otherSide('a'), otherSide('b')]).toEqual(['b', 'a']);
  });
});

/** Units at the borders that the order turns on, beside ordinary text. */
const edgy = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\0', '/', 'a', '\u007f', '\u0080', '\u07ff', '\u0800', '\uc000', '\ucfff', '\ud7ff', '\ue000'),
    fc.constantFrom('\uf7ff', '\uffff', '\u{10000}', '\u{1f98a}', '\u{10ffff}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 6,
});

const sign = Math.sign;

describe(`comparePaths, ${replay}`, { timeout: propertyMs }, () => {
  const check = (x: string, y: string): void => {
    expect(sign(comparePaths(x, y)), `${JSON.stringify(x)} ${JSON.stringify(y)}`).toBe(
      sign(Buffer.compare(Buffer.from(x), Buffer.from(y))),
    );
  };

  test.each([
    ['a', 'b'],
    ['a', 'a/x'],
    ['a/x', 'a.x'],
    ['B', 'a'],
    ['\uffff', '\u{10000}'],
    ['\ue000', '\u{10ffff}'],
    // Former bugs: the ranks of the units above the surrogates were among those below.
    ['\ucfff', '\ue000'],
    ['\ud7ff', '\u{10000}'],
  ])('%j and %j', (x, y) => {
    check(x, y);
    check(y, x);
  });

  test('is the order of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(edgy, edgy, edgy, (head, x, y) => check(head + x, head + y)),
      runs(1000),
    );
  });
});

test(`utf8Length counts UTF-8 bytes, ${replay}`, { timeout: propertyMs }, () => {
  fc.assert(
    fc.property(edgy, (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
    runs(1000),
  );
});

test(`pathFault and the plain rule agree, ${replay}`, { timeout: propertyMs }, () => {
  const pieces = fc.array(fc.constantFrom('/', '\\', '.', '..', '.lockstep', 'x', '\0', '', ' '), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      const names = text.split('/');
      const seen = text.split(/[/\\]/);
      const bad =
        names.some((name) => name === '' || name === '.') ||
        seen[0] === '' ||
        seen.some((name) => name === '..' || name === '.lockstep') ||
        text.includes('\0');
      expect(pathFault(text) !== null, JSON.stringify(text)).toBe(bad);
    }),
    runs(1000),
  );
});

describe('escapeControls', () => {
  test.each([
    ['plain ü 漢 🦊', 'plain ü 漢 🦊'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u001b[31m', '\\u001b[31m'],
    ['\0\u007f\u0085\u009b', '\\u0000\\u007f\\u0085\\u009b'],
    ['gpj.\u202etxt', 'gpj.\\u202etxt'],
    ['\u2066x\u2069', '\\u2066x\\u2069'],
    ['\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
    ['\ufeff', '\\ufeff'],
    ['\u2028\u2029', '\\u2028\\u2029'],
  ])('%j', (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  test('quote shortens and takes anything', () => {
    expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(117)}..."`);
    expect(quote({ x: 1 })).toBe('"object"');
    expect(quote(`${'x'.repeat(116)}🦊${'x'.repeat(9)}`).isWellFormed()).toBe(true);
  });
});

test('the limits are those of Linux', () => {
  expect([MAX_NAME_BYTES, MAX_PATH_BYTES]).toEqual([255, 4095]);
});

test.each<[path: string, asked: string[], found: string | null]>([
  ['a/b/c', ['a/b/c', 'a/b', 'a'], null],
  ['a/b/c', ['a/b/c', 'a/b'], 'a/b'],
  ['a/b/c', ['a/b/c'], 'a/b/c'],
  ['a', ['a'], null],
])('of %s and what is above it, %j are asked about until one is found', (path, asked, found) => {
  const seen: string[] = [];
  const is = (at: RelPath) => {
    seen.push(at);
    return at === found;
  };
  expect([someAtOrAbove(path as RelPath, is), seen]).toEqual([found !== null, asked]);
});

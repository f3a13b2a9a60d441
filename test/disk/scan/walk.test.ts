// What a walk asks of its host, and what it tells: on a real tree, with what happens between a question and its answer.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { type WalkHost, walkDirectories } from '../../../src/disk/scan/walk.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('walk');
});
afterEach(() => removeRoot(root));

/** A walk, and what came of it: `d: x y` what is listed in d, `?d ENOENT` unreadable, `-d` vanished, `!d: shown` a bad name. */
async function walked(more: Partial<WalkHost> = {}, from = ''): Promise<string[]> {
  const told: string[] = [];
  await walkDirectories(from as RelPath, {
    absolute: (of) => (of === '' ? root : path.join(root, of)),
    enters: () => true,
    ignores: () => false,
    listed: (of, names) => void told.push(`${of}: ${[...names].sort().join(' ')}`.trim()),
    unreadable: (of, { code }) => void told.push(`?${of} ${code}`),
    vanished: (of) => void told.push(`-${of}`),
    hasOwnerFiles: (dir) => void told.push(`~${dir}`),
    badName: (dir, shown, why) => void told.push(`!${dir}: ${shown} ${why}`),
    ...more,
  });
  return told.sort();
}

const TREE = { f: '1', d: { x: '1', e: { y: '1' } }, empty: {} };

test('every directory is listed, those that are empty, too, each once', async () => {
  put(root, TREE);
  fs.symlinkSync('d', path.join(root, 'link'));
  expect(await walked()).toEqual([': d empty f link', 'd/e: y', 'd: e x', 'empty:']);
});

test('from a directory only what lies below it', async () => {
  put(root, TREE);
  expect(await walked({}, 'd')).toEqual(['d/e: y', 'd: e x']);
});

test('a parent is asked about and listed before what lies in it', async () => {
  put(root, TREE);
  const order: string[] = [];
  await walked({
    enters: (of) => order.push(`enter ${of}`) > 0,
    listed: (of) => void order.push(`listed ${of}`),
  });
  const at = (word: string) => order.indexOf(word);
  expect(at('enter ')).toBe(0);
  for (const [before, after] of [
    ['enter ', 'listed '],
    ['listed ', 'enter d'],
    ['enter d', 'listed d'],
    ['listed d', 'enter d/e'],
  ] as const)
    expect([before, at(before) < at(after)]).toEqual([before, true]);
});

test('a directory that is not entered is not read, nor what lies in it', async () => {
  put(root, TREE);
  expect(await walked({ enters: (of) => of !== 'd' })).toEqual([': d empty f', 'empty:']);
});

test('what is ignored, and what is never synchronised, is neither listed nor entered', async () => {
  put(root, {
    ...TREE,
    '.lockstep': { state: '1' },
    '.DS_Store': 'x',
    '~$plan.docx': 'x',
    sub: { '.lockstep': { deep: '1' } },
  });
  const asked: string[] = [];
  const ignores = (of: string, isDir: boolean) => {
    asked.push(`${of}${isDir ? '/' : ''}`);
    return of === 'd/e' || of === 'f';
  };
  expect(await walked({ ignores })).toEqual([': d empty sub', 'd: x', 'empty:', 'sub:', '~']);
  expect(asked.sort()).toEqual(['d/', 'd/e/', 'd/x', 'empty/', 'f', 'sub/']);
});

describe('a directory that cannot be listed', () => {
  test.each<[it: string, change: (at: string) => void, told: string]>([
    ['has vanished where it is removed', (at) => fs.rmSync(at, { recursive: true }), '-d'],
    [
      'has vanished where a file takes its place',
      (at) => {
        fs.rmSync(at, { recursive: true });
        fs.writeFileSync(at, 'x');
      },
      '-d',
    ],
    [
      'has vanished where a link in a circle takes its place',
      (at) => {
        fs.rmSync(at, { recursive: true });
        fs.symlinkSync('d', at);
      },
      '-d',
    ],
  ])('%s', async (_, change, told) => {
    put(root, { d: { x: '1' }, other: {} });
    const enters = (of: string) => {
      if (of === 'd') change(path.join(root, of));
      return true;
    };
    expect(await walked({ enters })).toEqual([told, ': d other', 'other:'].sort());
  });

  test('for another reason is unreadable, not empty', async () => {
    put(root, { d: { x: '1' }, other: {} });
    // A name that the system refuses stands for a directory that may not be read.
    const absolute = (of: string) => path.join(root, of === 'd' ? 'x'.repeat(300) : of);
    expect(await walked({ absolute }, 'd')).toEqual(['?d ENAMETOOLONG']);
  });
});

describe('a name that cannot be synchronised', () => {
  const bytes = (text: string, ...more: number[]) =>
    Buffer.concat([Buffer.from(path.join(root, text)), Buffer.from(more)]);

  test('because it is not UTF-8 is told with its bytes, and the others are listed', async () => {
    put(root, { d: { 'a\tb': { good: '1' } } });
    fs.writeFileSync(bytes('d/a\tb/bad', 0xff, 0x07), 'x');
    fs.mkdirSync(bytes('d/a\tb/dir', 0xfe));
    const told = await walked({}, 'd');
    expect(told).toContain('d/a\tb: good');
    expect(told.filter((word) => word.startsWith('!'))).toEqual([
      expect.stringMatching(/^!d\/a\tb: d\/a\\(t|x09|u0009)b\/bad\\xff\\x07 it is not valid UTF-8$/),
      expect.stringMatching(/^!d\/a\tb: d\/a\\(t|x09|u0009)b\/dir\\xfe it is not valid UTF-8$/),
    ]);
  });

  test('in the root has no directory before it', async () => {
    fs.writeFileSync(bytes('bad', 0xff), 'x');
    expect(await walked()).toEqual(['!: bad\\xff it is not valid UTF-8', ':']);
  });

  test('because it has the sign for unknown letters is none: it is UTF-8', async () => {
    put(root, { 'bad\ufffd': 'x' });
    expect(await walked()).toEqual([': bad\ufffd']);
  });

  test('that a backslash makes one of ours is told', async () => {
    put(root, { 'a\\..\\b': 'x', good: 'x' });
    expect(await walked()).toEqual([expect.stringMatching(/^!: a.*b /), ': good']);
  });

  test('that vanishes while its bytes are read leaves its directory vanished', async () => {
    put(root, { d: { good: '1' } });
    fs.writeFileSync(bytes('d/bad', 0xff), 'x');
    const read = fs.readdir;
    let reads = 0;
    fs.readdir = ((at: string, ...rest: unknown[]) => {
      if (++reads === 2) fs.rmSync(path.join(root, 'd'), { recursive: true });
      return (read as (...all: unknown[]) => void)(at, ...rest);
    }) as typeof fs.readdir;
    syncBuiltinESMExports();
    try {
      expect(await walked({}, 'd')).toEqual(['-d']);
    } finally {
      fs.readdir = read;
      syncBuiltinESMExports();
    }
  });
});

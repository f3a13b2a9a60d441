// Changes that scans find by hints alone: each test waits for `onHint` and scans what was hinted.
import * as fs from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { nativeWatcher } from '../../../src/disk/watch/native.js';
import { file, flatDisk, watch, watchAgain } from '../../support/trees/watched.js';
import { makeRoot, put, removeRoot, type Tree } from '../../support/trees.js';

const BIG = Buffer.alloc(300_000, 'big');

type Act = (root: string) => void;
const cases: [name: string, before: Tree, act: Act, told: [string, string][], prepare?: Act][] = [
  ['a new file', {}, (r) => put(r, { f: '1' }), [['f', file('1')]]],
  ['a modification', { f: '1' }, (r) => put(r, { f: '2' }), [['f', file('2')]]],
  ['other permission bits', { f: '1' }, (r) => fs.chmodSync(`${r}/f`, 0o600), [['f', file('1', 0o600)]]],
  ['an empty directory', {}, (r) => put(r, { d: {} }), [['d', 'dir 755']]],
  ['bits of a directory', { d: {} }, (r) => fs.chmodSync(`${r}/d`, 0o700), [['d', 'dir 700']]],
  ['a deletion', { f: '1', g: '' }, (r) => fs.unlinkSync(`${r}/f`), [['f', 'gone']]],
  [
    'mkdir -p and a file in it at once',
    {},
    (r) => put(r, { a: { b: { c: { f: 'x' } } } }),
    [
      ['a', 'dir 755'],
      ['a/b', 'dir 755'],
      ['a/b/c', 'dir 755'],
      ['a/b/c/f', file('x')],
    ],
  ],
  ['rm -rf', { d: { e: { f: '1' }, g: '2' } }, (r) => fs.rmSync(`${r}/d`, { recursive: true }), [['d', 'gone']]],
  [
    'an edit in place of a file with three names, two of them elsewhere',
    { f: '1', d: { e: { other: '' } }, g: '' },
    (r) => fs.appendFileSync(`${r}/f`, '2'),
    [
      ['d/e/f', file('12')],
      ['d/f', file('12')],
      ['f', file('12')],
    ],
    (r) => {
      fs.linkSync(`${r}/f`, `${r}/d/f`);
      fs.linkSync(`${r}/f`, `${r}/d/e/f`);
    },
  ],
  [
    'other bits of a file with two names',
    { f: '1', d: {} },
    (r) => fs.chmodSync(`${r}/d/f`, 0o600),
    [
      ['d/f', file('1', 0o600)],
      ['f', file('1', 0o600)],
    ],
    (r) => fs.linkSync(`${r}/f`, `${r}/d/f`),
  ],
  [
    'a large file with two names',
    { f: BIG, d: {} },
    (r) => fs.appendFileSync(`${r}/f`, '2'),
    [
      ['d/f', file(Buffer.concat([BIG, Buffer.from('2')]))],
      ['f', file(Buffer.concat([BIG, Buffer.from('2')]))],
    ],
    (r) => fs.linkSync(`${r}/f`, `${r}/d/f`),
  ],
  [
    'a second name, and the first one gone: the content is where it was',
    { f: '1', d: {} },
    (r) => fs.unlinkSync(`${r}/f`),
    [['f', 'gone']],
    (r) => fs.linkSync(`${r}/f`, `${r}/d/f`),
  ],
  [
    'a save by rename of a file with two names: the other is as it was',
    { f: '1', d: {}, tmp: '2' },
    (r) => fs.renameSync(`${r}/tmp`, `${r}/f`),
    [
      ['f', file('2')],
      ['tmp', 'gone'],
    ],
    (r) => fs.linkSync(`${r}/f`, `${r}/d/f`),
  ],
  ['a link', {}, (r) => put(r, { l: { link: 'x' } }), [['l', 'link x']]],
  [
    'a link that leads elsewhere',
    { l: { link: 'x' } },
    (r) => {
      fs.unlinkSync(`${r}/l`);
      put(r, { l: { link: 'y' } });
    },
    [['l', 'link y']],
  ],
  [
    'a directory instead of a file',
    { x: '1' },
    (r) => {
      fs.unlinkSync(`${r}/x`);
      put(r, { x: { f: '2' } });
    },
    [
      ['x', 'dir 755'],
      ['x/f', file('2')],
    ],
  ],
  [
    'a file instead of a directory',
    { x: { f: '1' } },
    (r) => {
      fs.rmSync(`${r}/x`, { recursive: true });
      put(r, { x: '2' });
    },
    [['x', file('2')]],
  ],
  [
    'a directory that was removed and made anew',
    { d: { e: { f: '1' } } },
    (r) => {
      fs.rmSync(`${r}/d`, { recursive: true });
      put(r, { d: { e: { g: '2' } } });
    },
    [
      ['d/e/f', 'gone'],
      ['d/e/g', file('2')],
    ],
  ],
  ['nothing that stays', {}, (r) => fs.rmSync(fs.mkdtempSync(`${r}/t`), { recursive: true }), []],
];

it.each(cases)('%s', async (_case, before, act, told, prepare) => {
  const root = makeRoot('look');
  put(root, before);
  prepare?.(root);
  const watched = watchAgain(root);
  await watched.until(() => watched.last.unsettled === 0);
  watched.forget();
  act(watched.root);
  await watched.until(() => watched.told.length >= told.length);
  await watched.settle();
  expect([...watched.told].sort()).toEqual([...told].sort());
  expect(watched.known()).toEqual(flatDisk(watched.root));
});

it('watches the directories that it finds', async () => {
  const watched = watch();
  await watched.scan();
  for (let n = 0; n < 5; n++) {
    put(watched.root, { d: { e: { [`f${n}`]: `${n}` } } });
    await watched.until(() => watched.told.some(([path]) => path === `d/e/f${n}`));
    fs.rmSync(`${watched.root}/d`, { recursive: true });
    await watched.until(() => watched.told.at(-1)?.join() === 'd,gone');
    watched.forget();
  }
});

describe('moves', () => {
  it('reports both ends of a moved file in one scan', async () => {
    const watched = watch({ old: 'x', d: {} });
    await watched.scan();
    fs.renameSync(`${watched.root}/old`, `${watched.root}/d/new`);
    await watched.settle();
    const scan = watched.scans.slice(1).find(({ entries }) => entries.length > 0)!;
    expect(scan.entries.map(({ path }) => path).sort()).toEqual(['d/new', 'old']);
  });

  it('reports both ends of a moved large file in one scan, although it reads the file again', async () => {
    const watched = watch({ old: BIG });
    await watched.until(() => watched.last.unsettled === 0);
    const before = watched.scans.length;
    fs.renameSync(`${watched.root}/old`, `${watched.root}/new`);
    await watched.settle();
    const telling = watched.scans.slice(before).filter(({ entries }) => entries.length > 0);
    expect(telling.map(({ entries }) => entries.map(({ path }) => path).sort())).toEqual([['new', 'old']]);
  });

  it('reports a moved directory at once, without reading its files again', async () => {
    const watched = watch({ old: { deep: { big: BIG }, f: '1' }, into: {} });
    await watched.until(() => watched.last.unsettled === 0);
    // A racy file would be read again.
    await watched.settle();
    fs.renameSync(`${watched.root}/old`, `${watched.root}/into/new`);
    expect(await watched.hinted(1000)).toBe(true);
    const scan = await watched.scan();
    expect(scan.unsettled).toBe(0);
    expect(Object.fromEntries(scan.entries.map(({ path, entry }) => [path, entry?.type]))).toEqual({
      old: undefined,
      'into/new': 'dir',
      'into/new/deep': 'dir',
      'into/new/deep/big': 'file',
      'into/new/f': 'file',
    });
    fs.writeFileSync(`${watched.root}/into/new/deep/later`, 'x');
    await watched.until(() => watched.told.some(([path]) => path === 'into/new/deep/later'));
  });

  it('reports two directories that were swapped', async () => {
    const watched = watch({ x: { f: 'x', s: { g: 'x' } }, y: { f: 'y', h: 'y' } });
    await watched.settle();
    const { root } = watched;
    fs.renameSync(`${root}/x`, `${root}/z`);
    fs.renameSync(`${root}/y`, `${root}/x`);
    fs.renameSync(`${root}/z`, `${root}/y`);
    await watched.settle();
    expect(watched.known()).toEqual(flatDisk(root));
    fs.writeFileSync(`${root}/y/s/new`, '1');
    fs.writeFileSync(`${root}/x/new`, '2');
    await watched.settle();
    expect(watched.known()).toEqual(flatDisk(root));
  });

  it('finds what changed in a directory while it was outside the root', async () => {
    const watched = watch({ d: { s: { f: '1' } }, '.lockstep': {} });
    await watched.scan();
    const { root } = watched;
    fs.renameSync(`${root}/d`, `${root}/.lockstep/d`);
    expect(await watched.hinted(1000)).toBe(true);
    await watched.scan();
    fs.writeFileSync(`${root}/.lockstep/d/s/f`, '2');
    await watched.scan();
    fs.renameSync(`${root}/.lockstep/d`, `${root}/d`);
    await watched.settle();
    expect(watched.known()).toEqual({ d: 'dir 755', 'd/s': 'dir 755', 'd/s/f': file('2') });
  });
});

it.runIf(process.platform === 'linux')('a watch tells of its directory under every name that it has had', async () => {
  const root = makeRoot('names');
  put(root, { old: {} });
  const doubted = new Set<string>();
  const listener = { doubtful: (dir: string) => void doubted.add(dir), changed: () => {} };
  const watcher = nativeWatcher(listener as never, () => {
    throw new Error('There are enough watches.');
  });
  const [old, now] = [`${root}/old`, `${root}/new`];
  watcher.arm(old);
  fs.renameSync(old, now);
  watcher.arm(now);
  watcher.disarm(old);
  doubted.clear();
  fs.renameSync(now, old);
  await vi.waitUntil(() => doubted.has(now));
  await watcher.close();
  removeRoot(root);
});

it('finds all files after an overflow of the event queue', async () => {
  const watched = watch({ d: { e: {} } });
  await watched.scan();
  // Synchronously, so that no events are read from the queue meanwhile: the first fill it, the others are lost.
  const files = ['x', 'y'].map((name) => fs.openSync(`${watched.root}/d/${name}`, 'w'));
  for (let n = 0; n < 10_000; n++) for (const fd of files) fs.writeSync(fd, '.');
  for (const fd of files) fs.closeSync(fd);
  for (let n = 0; n < 300; n++) fs.writeFileSync(`${watched.root}/d/f${n}`, `${n}`);
  fs.writeFileSync(`${watched.root}/d/e/last`, 'x');
  await watched.until(() => watched.scanner.snapshot.files === 303 && watched.last.unsettled === 0);
  await watched.settle();
  expect(watched.known()).toEqual(flatDisk(watched.root));
});

it('runs no timer and no scan while nothing happens', async () => {
  const watched = watch({ a: { b: '1' } });
  await watched.settle();
  const [hints, timers] = [watched.hints, timersRunning()];
  expect(await watched.hinted(500)).toBe(false);
  expect(watched.hints).toBe(hints);
  // Those of the test program itself end.
  while (timersRunning() > timers) await new Promise((resolve) => setImmediate(resolve));
});

const timersRunning = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

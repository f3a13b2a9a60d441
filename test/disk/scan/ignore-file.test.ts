// Ignore rules: SCENARIOS 5, and rules that change while the server runs.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import net from 'node:net';
import { expect, it } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import { DiskSite, turn } from '../../support/disk-site.js';
import { path, watch, watchAgain } from '../../support/trees/watched.js';
import { makeRoot, put } from '../../support/trees.js';

const known = (watched: { known(): object }): string[] => Object.keys(watched.known());

it('leaves out what --ignore, the file in the root and the built-in rules match', async () => {
  const tree = { 'a.o': '', 'b.tmp': '', 'c.c': '', '~$c': '', build: { x: 'x' }, d: { 'e.o': '', 'Thumbs.db': '' } };
  const watched = watch({ ...tree, '.lockstepignore': '*.tmp\n/build\n' }, { ignore: ['*.o'] });
  await watched.until(() => watched.last.unsettled === 0);
  expect(known(watched)).toEqual(['.lockstepignore', 'c.c', 'd']);
  expect(watched.last.rules).toEqual(['*.o', '*.tmp', '/build']);
  put(watched.root, { 'new.o': '1', build: { y: '1' }, d: { f: '1', '.DS_Store': '1' } });
  await watched.settle();
  expect(known(watched)).toEqual(['.lockstepignore', 'c.c', 'd', 'd/f']);
});

it('does not report newly ignored files as deleted, and reports them again when they are no longer ignored', async () => {
  const watched = watch({ keep: 'k', x: { a: '1', b: { c: '2' } }, 'y.log': '3' });
  await watched.settle();
  watched.forget();
  put(watched.root, { '.lockstepignore': 'x/\n*.log\n' });
  await watched.settle();
  expect(watched.told.map(([at]) => at)).toEqual(['.lockstepignore']);
  expect(known(watched)).toEqual(['.lockstepignore', 'keep']);
  put(watched.root, { x: { a: 'changed' } });
  fs.unlinkSync(`${watched.root}/y.log`);
  await watched.settle();
  expect(watched.told).toHaveLength(1);
  fs.unlinkSync(`${watched.root}/.lockstepignore`);
  await watched.settle();
  expect(
    watched.told
      .slice(1)
      .map(([at]) => at)
      .sort(),
  ).toEqual(['.lockstepignore', 'x', 'x/a', 'x/b', 'x/b/c']);
  put(watched.root, { x: { b: { d: '4' } } });
  await watched.settle();
  expect(watched.told.at(-1)?.[0]).toBe('x/b/d');
});

it('does not report 200 files as deleted because new rules match them', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, '']));
  const watched = watch({ many, keep: 'k' });
  await watched.settle();
  watched.forget();
  put(watched.root, { '.lockstepignore': 'many\n' });
  await watched.settle();
  expect(watched.told.map(([at]) => at)).toEqual(['.lockstepignore']);
  expect(watched.scans.every(({ halt }) => halt === null)).toBe(true);
});

it('applies the rules before the first scan, also to the known snapshot', async () => {
  const root = makeRoot('rules');
  put(root, { a: '', 'b.o': '' });
  const first = watchAgain(root, { watch: false });
  await first.until(() => first.last.unsettled === 0);
  const before = new Snapshot();
  for (const [at, node] of first.scanner.snapshot.walk()) before.put(at, node);
  const watched = watchAgain(root, { known: before, ignore: ['*.o'] });
  await watched.scan();
  expect(watched.told.map(([at]) => at)).toEqual(['a']);
});

it('applies rules that this server wrote itself', async () => {
  const watched = watch({ a: '1', 'b.o': '2' });
  await watched.settle();
  put(watched.root, { '.lockstepignore': '*.o\n' });
  const stats = fs.lstatSync(`${watched.root}/.lockstepignore`);
  const hash = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
  const entry = { type: 'file', size: stats.size, mtime: 0, mode: 0o644, hash } as const;
  watched.scanner.wrote(path('.lockstepignore'), entry, stats);
  await watched.until(() => watched.last.rules.length === 1);
  expect(watched.scanner.snapshot.get(path('b.o'))).toBeNull();
});

it('tells whether a name is left out', async () => {
  const watched = watch({ d: { 'a.o': '', b: '', sub: {} } }, { ignore: ['*.o', 'sub/'] });
  await watched.scan();
  const out = (name: string) => watched.scanner.ignores(path('d'), name);
  expect(['a.o', 'b', 'sub', '.DS_Store', 'x\\..\\y'].map(out)).toEqual([true, false, true, true, true]);
  // A letter that stands for bytes that are no UTF-8.
  expect(out('b\ufffd')).toBe(true);
});

it.runIf(process.platform === 'linux')('a socket in the place of the rules is none, and stops nothing', async () => {
  const watched = watch({ a: '' });
  const server = net.createServer().listen(`${watched.root}/.lockstepignore`);
  await once(server, 'listening');
  try {
    await watched.settle();
    expect(watched.last.problems).toMatchObject([{ path: '.lockstepignore', code: 'unsupported-type' }]);
    expect([known(watched), watched.last.rules]).toEqual([['a'], []]);
  } finally {
    server.close();
  }
});

it('a pipe in the place of the rules is none, and nobody waits for what is written into it', async () => {
  const watched = watch({ a: 'x' }, { watch: false });
  execFileSync('mkfifo', [`${watched.root}/.lockstepignore`]);
  await watched.scan();
  expect(watched.last.problems).toMatchObject([{ path: '.lockstepignore', code: 'unsupported-type' }]);
  expect([known(watched), watched.last.rules]).toEqual([['a'], []]);
});

it.each<[it: string, make: (at: string) => void]>([
  ['directory', (at) => fs.mkdirSync(at)],
  ['link', (at) => fs.symlinkSync('a', at)],
])('a %s in the place of the rules is none, and what is found there is synchronised', async (_what, make) => {
  const watched = watch({ a: '*' }, { watch: false });
  make(`${watched.root}/.lockstepignore`);
  await watched.scan();
  expect([known(watched), watched.last.rules, watched.last.halt]).toEqual([['.lockstepignore', 'a'], [], null]);
});

it('covers everything in the scan that finds other rules, and in the one after it only what is hinted', async () => {
  const site = await DiskSite.open({ 'x.log': '1', f: '1' });
  const { scanner } = site;
  put(site.root, { '.lockstepignore': '*.log\n' });
  scanner.markDirty([path('.lockstepignore')]);
  while ((await scanner.scan('hinted')).unsettled > 0) await turn();
  expect([scanner.snapshot.get(path('x.log')), scanner.snapshot.get(path('f'))?.type]).toEqual([null, 'file']);
  put(site.root, { f: 'other' });
  expect(await scanner.scan('hinted')).toMatchObject({ entries: [], unsettled: 0 });
});

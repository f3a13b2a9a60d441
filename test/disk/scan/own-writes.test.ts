// A server's own writes are no changes, and the last check before a write is right.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { file, path, type Watched, watch } from '../../support/trees/watched.js';
import { put } from '../../support/trees.js';

const HASH = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
const TIME = 1_700_000_000_123_457;
const ONE: FileEntry = { type: 'file', size: 1, mtime: TIME, mode: 0o640, hash: HASH };

/** Writes as an apply does: beside the path, with the agreed time and mode, then a rename. */
function writeOne(watched: Watched, name: string, { published = false, mtime = TIME } = {}): void {
  const staged = `${watched.root}/.lockstep/staged`;
  fs.mkdirSync(`${watched.root}/.lockstep`, { recursive: true });
  fs.writeFileSync(staged, '1', { mode: 0o640 });
  fs.utimesSync(staged, mtime / 1e6, mtime / 1e6);
  fs.renameSync(staged, `${watched.root}/${name}`);
  watched.scanner.wrote(path(name), { ...ONE, mtime }, fs.lstatSync(`${watched.root}/${name}`), published);
}

describe('after an own write', () => {
  it('there is no hint, and no difference', async () => {
    const watched = watch({ d: {}, old: 'x', dir: { below: {} } });
    await watched.settle();
    const hints = watched.hints;
    watched.forget();
    writeOne(watched, 'new');
    writeOne(watched, 'old');
    writeOne(watched, 'd/new');
    fs.mkdirSync(`${watched.root}/made`, { mode: 0o755 });
    watched.scanner.wrote(path('made'), { type: 'dir', mode: 0o755 }, fs.lstatSync(`${watched.root}/made`));
    writeOne(watched, 'made/new');
    fs.symlinkSync('new', `${watched.root}/link`);
    const link: Entry = { type: 'symlink', target: 'new', mtime: 5 };
    watched.scanner.wrote(path('link'), link, fs.lstatSync(`${watched.root}/link`));
    fs.rmSync(`${watched.root}/dir`, { recursive: true });
    watched.scanner.wrote(path('dir'), null, null);
    expect(await watched.hinted(200)).toBe(false);
    expect(watched.hints).toBe(hints);
    await watched.scan('everything');
    expect(watched.told).toEqual([]);
    expect(watched.scanner.snapshot.get(path('made/new'))).toMatchObject({ ...ONE, racy: false });
  });

  it('a directory that the server made is watched, and what came into it meanwhile is found', async () => {
    const watched = watch();
    await watched.scan();
    put(watched.root, { made: { meanwhile: '1' } });
    watched.scanner.wrote(path('made'), { type: 'dir', mode: 0o755 }, fs.lstatSync(`${watched.root}/made`));
    await watched.until(() => watched.told.some(([at]) => at === 'made/meanwhile'));
    put(watched.root, { made: { later: '2' } });
    await watched.until(() => watched.told.some(([at]) => at === 'made/later'));
  });

  it('a directory that took the place of the one that the server made is scanned', async () => {
    const watched = watch({}, { watch: false });
    await watched.settle();
    fs.mkdirSync(`${watched.root}/made`);
    const stats = fs.lstatSync(`${watched.root}/made`);
    fs.renameSync(`${watched.root}/made`, `${watched.root}/before`);
    fs.mkdirSync(`${watched.root}/made`);
    watched.scanner.wrote(path('made'), { type: 'dir', mode: 0o755 }, stats);
    expect(await watched.hinted(2_000)).toBe(true);
  });

  it('of a directory that is gone nothing below it is waited for', async () => {
    const watched = watch({ d: { big: Buffer.alloc(300_000, 'big') } }, { watch: false });
    expect(await watched.scan()).toMatchObject({ unsettled: 1 });
    fs.rmSync(`${watched.root}/d`, { recursive: true });
    watched.scanner.wrote(path('d'), null, null);
    expect(await watched.scan()).toMatchObject({ unsettled: 0, entries: [] });
  });

  it('of the bits of a directory nothing in it is scanned', async () => {
    const watched = watch({ d: { x: 'x' } }, { watch: false });
    await watched.settle();
    fs.chmodSync(`${watched.root}/d`, 0o700);
    watched.scanner.wrote(path('d'), { type: 'dir', mode: 0o700 }, fs.lstatSync(`${watched.root}/d`));
    expect(await watched.hinted(200)).toBe(false);
  });

  it('of a moved directory what changed meanwhile is not taken for known', async () => {
    const tree = { l: { link: 'x' }, m: { link: 'x' }, x: 'x', changed: 'a', gone: { y: 'y' }, sub: { z: 'z' } };
    const watched = watch({ d: tree }, { watch: false });
    await watched.settle();
    const { root } = watched;
    fs.renameSync(`${root}/d`, `${root}/e`);
    fs.rmSync(`${root}/e/gone`, { recursive: true });
    fs.rmSync(`${root}/e/l`);
    put(root, { e: { l: 'a file', changed: 'another' } });
    watched.scanner.moved(path('d'), path('e'), `${root}/e`);
    expect(Object.keys(watched.known())).toEqual(['e', 'e/m', 'e/sub', 'e/sub/z', 'e/x']);
    fs.rmSync(`${root}/e/m`);
    fs.mkdirSync(`${root}/e/m`);
    fs.rmSync(`${root}/e/sub`, { recursive: true });
    fs.symlinkSync('x', `${root}/e/sub`);
    watched.scanner.moved(path('e'), path('f'), `${root}/e`);
    expect(Object.keys(watched.known())).toEqual(['f', 'f/x']);
  });

  it('of the ignore file, its rules hold', async () => {
    const watched = watch({ 'x.log': 'x' });
    await watched.settle();
    const { hints } = watched;
    const content = Buffer.from('*.log');
    fs.writeFileSync(`${watched.root}/.lockstepignore`, content);
    const entry = { ...ONE, size: content.length, hash: createHash('sha256').update(content).digest('hex') };
    watched.scanner.wrote(path('.lockstepignore'), entry, fs.lstatSync(`${watched.root}/.lockstepignore`), true);
    expect(await watched.hinted(2_000)).toBe(true);
    expect(watched.hints).toBeGreaterThan(hints);
    await watched.scan();
    expect(watched.scanner.snapshot.get(path('x.log'))).toBeNull();
  });

  it('of a content with an older time, the file is not read again', async () => {
    const watched = watch();
    await watched.settle();
    const isRacy = (name: string) => (watched.scanner.snapshot.get(path(name)) as { racy?: boolean }).racy;
    // A time that utimes sets exactly.
    const mtime = 1_700_000_000_500_000;
    writeOne(watched, 'published', { published: true, mtime });
    writeOne(watched, 'renamed', { mtime });
    writeOne(watched, 'young', { published: true, mtime: Date.now() * 1000 });
    // Somebody has set another time before the server looked.
    fs.utimesSync(`${watched.root}/published`, 1, 1);
    watched.scanner.wrote(path('other time'), ONE, fs.lstatSync(`${watched.root}/published`), true);
    expect(['published', 'renamed', 'young', 'other time'].map(isRacy)).toEqual([false, true, true, true]);
  });

  it.each([false, true])("a user's write directly after it is found (published: %s)", async (published) => {
    const watched = watch();
    await watched.scan();
    for (let n = 0; n < 20; n++) {
      writeOne(watched, `f${n}`, { published });
      fs.writeFileSync(`${watched.root}/f${n}`, '2');
    }
    await watched.settle();
    for (let n = 0; n < 20; n++) expect(watched.known()[`f${n}`]).toBe(file('2', 0o640));
  });

  it('what a running scan found there before is dropped', async () => {
    const watched = watch({ f: 'x' });
    await watched.settle();
    watched.forget();
    put(watched.root, { f: 'user' });
    const looking = watched.scan('everything');
    await Promise.resolve();
    writeOne(watched, 'f');
    await looking;
    await watched.settle();
    expect(watched.known()).toEqual({ f: file('1', 0o640) });
  });
});

describe('whether a path is unchanged', () => {
  it.each<[string, (root: string) => void, boolean]>([
    ['untouched', () => {}, true],
    ['written again with the same content', (r) => put(r, { f: '1' }), true],
    ['written with other content', (r) => put(r, { f: '2' }), false],
    ['gone', (r) => fs.unlinkSync(`${r}/f`), false],
    ['now a directory', (r) => replace(r, () => fs.mkdirSync(`${r}/f`)), false],
    ['now a link to the same content', (r) => replace(r, () => fs.symlinkSync('g', `${r}/f`)), false],
  ])('a file that is %s', async (_case, change, still) => {
    const watched = watch({ f: '1' });
    await watched.scan();
    const entry = watched.scanner.snapshot.get(path('f'));
    change(watched.root);
    expect(watched.scanner.matches(path('f'), entry, `${watched.root}/f`)).toBe(still);
    await watched.settle();
    const now = watched.scanner.snapshot.get(path('f'));
    expect(watched.scanner.matches(path('f'), now, `${watched.root}/f`)).toBe(true);
  });

  it('is told for nothing, a directory and a link', async () => {
    const watched = watch({ d: {}, l: { link: 'd' } });
    await watched.scan();
    const still = (at: string, entry: Entry | null) =>
      watched.scanner.matches(path(at), entry, `${watched.root}/${at}`);
    expect(still('none', null)).toBe(true);
    expect(still('d', null)).toBe(false);
    expect(still('d', { type: 'dir', mode: 0o755 })).toBe(true);
    expect(still('d', { type: 'dir', mode: 0o700 })).toBe(false);
    expect(still('l', { type: 'dir', mode: 0o755 })).toBe(false);
    expect(still('l', { type: 'symlink', target: 'd', mtime: 0 })).toBe(true);
    expect(still('l', { type: 'symlink', target: 'e', mtime: 0 })).toBe(false);
  });
});

function replace(root: string, by: () => void): void {
  fs.renameSync(`${root}/f`, `${root}/g`);
  by();
}

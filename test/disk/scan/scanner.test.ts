// What a scan finds and reports.
import { execFileSync } from 'node:child_process';
import fsModule, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import { file, flatDisk, path, watch, watchAgain } from '../../support/trees/watched.js';
import { makeRoot, put } from '../../support/trees.js';

const BIG = Buffer.alloc(300_000, 'big');

describe('the first scan', () => {
  it('is whole, and has files, directories and links', async () => {
    const watched = watch({ 'a.txt': 'a', dir: { 'b.txt': 'b', empty: {} }, link: { link: 'dir/b.txt' } });
    const scan = await watched.scan('hinted');
    expect(scan).toMatchObject({ whole: true, unsettled: 0, halt: null, problems: [], unknown: [], rules: [] });
    expect(Object.fromEntries(watched.told)).toEqual({
      'a.txt': file('a'),
      dir: 'dir 755',
      'dir/b.txt': file('b'),
      'dir/empty': 'dir 755',
      link: 'link dir/b.txt',
    });
    expect(await watched.scan('everything')).toMatchObject({ whole: false, entries: [] });
  });

  it('has parents before children', async () => {
    const watched = watch({ x: { y: { z: { f: '1' } } }, 'x-': '', 'x y': {} });
    const seen = new Set(['']);
    for (const { path } of (await watched.scan()).entries) {
      expect(seen).toContain(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
      seen.add(path);
    }
  });

  it('reads a large file in the background, and calls when that is done', async () => {
    const watched = watch({ big: BIG, small: 's' });
    const scan = await watched.scan();
    expect(scan).toMatchObject({ unsettled: 1, unknown: ['big'] });
    expect(watched.known()).toEqual({ small: file('s') });
    await watched.until(() => watched.last.unsettled === 0);
    expect(watched.known()).toEqual({ big: file(BIG), small: file('s') });
  });

  it('reports every valid name', async () => {
    const names = [
      'new\nline',
      ' ',
      'quo"te\'s',
      '\u001b[31m',
      'x'.repeat(255),
      '😀',
      'é',
      'e\u0301',
      '\ufffd',
      '*?[a]{b}!(c)',
    ];
    const tree = Object.fromEntries(names.map((name) => [name, { [name]: name }]));
    const watched = watch(tree);
    const scan = await watched.scan();
    expect(scan.problems).toEqual([]);
    expect(watched.known()).toEqual(flatDisk(watched.root));
    expect(Object.keys(watched.known())).toHaveLength(2 * names.length);
  });
});

describe('what cannot be synchronised', () => {
  it('is what a rule for directories names, where it is one: as the caller knows, or as it stands there', async () => {
    const watched = watch({ cache: {}, d: { cache: '' } }, { ignore: ['cache/'] });
    await watched.scan();
    const asks = [
      watched.scanner.ignores('', 'cache', { type: 'dir', mode: 0o755 }),
      watched.scanner.ignores('', 'cache', { type: 'symlink', target: 'x', mtime: 1 }),
      watched.scanner.ignores('', 'cache'),
      watched.scanner.ignores(path('d'), 'cache'),
      watched.scanner.ignores('', 'gone'),
    ];
    expect(asks).toEqual([true, false, true, false, false]);
  });

  it('is a problem where it cannot be looked at, and keeps what was known of it', async () => {
    const watched = watch({ f: 'f', d: { g: 'g' } }, { watch: false });
    await watched.settle();
    const { lstatSync } = fs;
    const refused = vi.spyOn(fsModule, 'lstatSync').mockImplementation(((absolute: string, ...more: []) => {
      if (absolute.endsWith('/f') || absolute.endsWith('/g')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return lstatSync(absolute, ...more);
    }) as typeof lstatSync);
    syncBuiltinESMExports();
    onTestFinished(() => {
      refused.mockRestore();
      syncBuiltinESMExports();
    });
    const scan = await watched.scan('everything');
    expect(scan.problems.map(({ path: at, code }) => [at, code])).toEqual([
      ['f', 'unreadable'],
      ['d/g', 'unreadable'],
    ]);
    expect([scan.entries, [...scan.unknown].sort(), scan.unsettled]).toEqual([[], ['d/g', 'f'], 0]);
    refused.mockRestore();
    syncBuiltinESMExports();
    expect((await watched.scan('everything')).problems).toEqual([]);
  });

  it('is a problem as long as it is there', async () => {
    const watched = watch({ dir: {}, good: { link: 'dir/../dir' }, absolute: { link: '/etc/passwd' } });
    put(`${watched.root}/dir`, { escaping: { link: '../../x' }, 'back\\..\\slash': '' });
    fs.writeFileSync(Buffer.concat([Buffer.from(`${watched.root}/dir/`), Buffer.from([0x66, 0xff])]), '');
    execFileSync('mkfifo', [`${watched.root}/pipe`]);
    const scan = await watched.scan();
    const problems = scan.problems.map(({ path, code }) => [path, code]);
    expect(problems.sort()).toEqual([
      ['absolute', 'bad-link'],
      ['dir/back\\..\\slash', 'bad-name'],
      ['dir/escaping', 'bad-link'],
      ['dir/f\\xff', 'bad-name'],
      ['pipe', 'unsupported-type'],
    ]);
    expect([...scan.unknown].sort()).toEqual(['absolute', 'dir/escaping', 'pipe']);
    expect(watched.known()).toEqual({ dir: 'dir 755', good: 'link dir/../dir' });
    expect((await watched.scan('everything')).problems).toHaveLength(5);
    fs.rmSync(`${watched.root}/dir`, { recursive: true });
    fs.unlinkSync(`${watched.root}/absolute`);
    await watched.until(() => watched.last.problems.length === 1);
  });

  it('is found by hints as well, and invalid names do not become paths', async () => {
    const watched = watch({ dir: {} });
    await watched.scan();
    fs.writeFileSync(Buffer.concat([Buffer.from(`${watched.root}/dir/`), Buffer.from([0xff])]), '');
    put(watched.root, { 'x\\..\\y': '1', link: { link: '..' } });
    await watched.until(() => watched.last.problems.length === 3);
    expect(watched.known()).toEqual({ dir: 'dir 755' });
  });
});

describe('with the snapshot of an earlier run', () => {
  it('reads only what differs, and reports everything', async () => {
    const root = makeRoot('known');
    put(root, { same: 'same', changed: 'old', gone: '', dir: { deep: 'deep' } });
    const first = watchAgain(root, { watch: false });
    await first.until(() => first.last.unsettled === 0);
    const known = new Snapshot();
    for (const [at, node] of first.scanner.snapshot.walk()) known.put(at, node);
    // A wrong hash in the snapshot shows that the content was not read again.
    known.put(path('same'), { ...known.get(path('same')), hash: 'f'.repeat(64), racy: false } as never);
    put(root, { changed: 'new', added: 'added' });
    fs.unlinkSync(`${root}/gone`);
    const second = watchAgain(makeSecond(root), { known });
    const scan = await second.scan();
    expect(scan.whole).toBe(true);
    expect(Object.fromEntries(second.told)).toMatchObject({
      same: `644 ${'f'.repeat(12)}`,
      changed: file('new'),
      added: file('added'),
      'dir/deep': file('deep'),
    });
    // What vanished before the start must not be in the report, or it is taken for shared.
    expect(second.told.map(([at]) => at)).not.toContain('gone');
  });
});

/** Both watchers clean up the same root; that is harmless. */
const makeSecond = (root: string): string => root;

describe('the stored snapshot', () => {
  it('is updated at every change', async () => {
    const watched = watch({ a: '1', dir: { b: '2' } });
    const memory = new Snapshot();
    watched.scanner.onSeen = (at, entry) => memory.put(at, entry);
    await watched.scan();
    fs.rmSync(`${watched.root}/dir`, { recursive: true });
    put(watched.root, { a: '3', c: '4' });
    await watched.settle();
    expect([...memory.walk()].sort()).toEqual([...watched.scanner.snapshot.walk()].sort());
    expect(memory.get(path('a'))).toMatchObject({ racy: false });
  });
});

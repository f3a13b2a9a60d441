// What halts a scan, what does not, and how a halt ends: SCENARIOS 1, 2, 4, 6, 8.

import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Snapshot } from '../../../src/core/snapshot.js';
import { withAdvice } from '../../../src/wire/frame/advice-text.js';
import { DiskSite, p, turn } from '../../support/disk-site.js';
import { type Watched, watch, watchAgain } from '../../support/trees/watched.js';
import { makeRoot, put, type Tree } from '../../support/trees.js';

const files = (n: number, name = 'f'): Tree =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`${name}${i}`, `${i}`]));

async function settled(tree: Tree, now?: () => number): Promise<Watched> {
  const watched = watch(tree, now === undefined ? {} : { now });
  await watched.settle();
  watched.forget();
  return watched;
}

it('halts for no file that was saved anew, however many there are', async () => {
  const watched = await settled(files(200));
  for (let n = 0; n < 200; n++) {
    fs.writeFileSync(`${watched.root}/new`, `saved ${n}`);
    fs.renameSync(`${watched.root}/new`, `${watched.root}/f${n}`);
  }
  await watched.settle();
  expect(watched.last.halt).toBeNull();
  expect(watched.told.filter(([at]) => at.startsWith('f'))).toHaveLength(200);
});

describe('SCENARIOS 1, 2, 8: a root', () => {
  it('that is moved away halts until it is back', async () => {
    const watched = await settled({ d: files(6) });
    const { root } = watched;
    fs.renameSync(root, `${root}-away`);
    await watched.until(() => watched.last.halt?.code === 'root-missing');
    expect(watched.last).toMatchObject({ entries: [], whole: false, unsettled: 0 });
    put(`${root}-away`, { d: { new: '1' } });
    fs.renameSync(`${root}-away`, root);
    await watched.scan('everything');
    expect(watched.last.halt).toBeNull();
    await watched.settle();
    expect(watched.told.map(([at]) => at)).toEqual(['d/new']);
    put(root, { d: { later: '2' } });
    await watched.until(() => watched.told.some(([at]) => at === 'd/later'));
  });

  it('that is removed and made again halts', async () => {
    const watched = await settled(files(6));
    fs.rmSync(watched.root, { recursive: true });
    fs.mkdirSync(watched.root);
    await watched.until(() => watched.last.halt !== null);
    // The inode number may be reused; then it is an emptied root.
    expect(['root-replaced', 'root-emptied']).toContain(watched.last.halt!.code);
    expect(watched.told).toEqual([]);
  });

  it('that is replaced by a link to itself halts', async () => {
    const watched = await settled(files(6));
    fs.renameSync(watched.root, `${watched.root}-away`);
    fs.symlinkSync(`${watched.root}-away`, watched.root);
    await watched.until(() => watched.last.halt?.code === 'root-replaced');
    fs.unlinkSync(watched.root);
    fs.renameSync(`${watched.root}-away`, watched.root);
    expect((await watched.scan('hinted')).halt).toBeNull();
  });

  it('that is emptied halts until the files are back, and says what to do', async () => {
    const watched = await settled({ d: files(6), '.lockstep': { x: '' } });
    fs.renameSync(`${watched.root}/d`, `${watched.root}/.lockstep/d`);
    await watched.until(() => watched.last.halt !== null);
    expect(watched.last.halt).toMatchObject({ code: 'root-emptied' });
    expect(withAdvice(watched.last.halt!)).toMatch(/6 files.*client resume --accept-deletes/);
    expect(watched.scanner.snapshot.files).toBe(6);
    fs.renameSync(`${watched.root}/.lockstep/d`, `${watched.root}/d`);
    await watched.until(() => watched.last.halt === null);
    await watched.settle();
    expect(watched.told).toEqual([]);
  });

  it('that is emptied reports the deletions once they are confirmed', async () => {
    const watched = await settled(files(6));
    for (let n = 0; n < 6; n++) fs.unlinkSync(`${watched.root}/f${n}`);
    await watched.until(() => watched.last.halt !== null);
    expect((await watched.scan('everything')).halt?.code).toBe('root-emptied');
    watched.scanner.acceptDeletes();
    expect((await watched.scan('hinted')).entries).toHaveLength(6);
    expect((await watched.scan('everything')).halt).toBeNull();
  });

  it('that is emptied has lost its files at once when another file comes: the halt does not end in between', async () => {
    const watched = await settled(files(6));
    for (let n = 0; n < 6; n++) fs.unlinkSync(`${watched.root}/f${n}`);
    expect((await watched.scan('everything')).halt?.code).toBe('root-emptied');
    put(watched.root, { x: 'new', f0: '0' });
    const { halt, entries } = await watched.scan('everything');
    const gone = entries.flatMap(({ path, entry }) => (entry === null ? [path] : []));
    expect([halt, gone]).toEqual([null, ['f1', 'f2', 'f3', 'f4', 'f5']]);
    fs.unlinkSync(`${watched.root}/f0`);
    expect((await watched.scan('everything')).entries.filter(({ path }) => path === 'f0')).toEqual([]);
  });

  it('of four files may be emptied', async () => {
    const watched = await settled(files(4));
    for (let n = 0; n < 4; n++) fs.unlinkSync(`${watched.root}/f${n}`);
    await watched.until(() => watched.told.length === 4);
  });

  it('that was emptied before the start halts, and is reported whole when the files are back', async () => {
    const known = new Snapshot();
    const first = await settled(files(10));
    for (const [at, node] of first.scanner.snapshot.walk()) known.put(at, node);
    const root = makeRoot('emptied');
    const watched = watchAgain(root, { known });
    expect((await watched.scan()).halt?.code).toBe('root-emptied');
    expect((await watched.scan('everything')).halt?.code).toBe('root-emptied');
    put(root, files(10));
    await watched.until(() => watched.last.halt === null);
    expect(watched.last).toMatchObject({ whole: true });
    expect(watched.last.entries).toHaveLength(10);
  });
});

describe('SCENARIO 4: the loss of most files at once', () => {
  it('halts every scan until they are back', async () => {
    const watched = await settled({ most: files(150), rest: files(60) });
    const { root } = watched;
    fs.mkdirSync(`${root}/.lockstep`);
    fs.renameSync(`${root}/most`, `${root}/.lockstep/most`);
    await watched.until(() => watched.last.halt !== null);
    expect(watched.last.halt).toMatchObject({ code: 'mass-deletion' });
    expect(withAdvice(watched.last.halt!)).toMatch(/^150 of 210 files.*--accept-deletes/);
    for (let n = 0; n < 3; n++) expect((await watched.scan('everything')).halt?.code).toBe('mass-deletion');
    await watched.settle();
    const { hints } = watched;
    expect(await watched.hinted(100)).toBe(false);
    expect(watched.hints).toBe(hints);
    fs.renameSync(`${root}/.lockstep/most`, `${root}/most`);
    await watched.until(() => watched.last.halt === null);
    await watched.settle();
    expect(watched.told).toEqual([]);
  });

  it.each<[string, (at: string) => void]>([
    ['directories', (at) => fs.mkdirSync(at)],
    ['links', (at) => fs.symlinkSync('elsewhere', at)],
  ])('counts files that became %s', async (_, make) => {
    const watched = await settled({ most: files(150), rest: files(60) });
    for (let n = 0; n < 150; n++) {
      fs.unlinkSync(`${watched.root}/most/f${n}`);
      make(`${watched.root}/most/f${n}`);
    }
    await watched.until(() => watched.last.halt !== null);
    expect(withAdvice(watched.last.halt!)).toMatch(/^150 of 210 files/);
    expect(watched.scanner.snapshot.files).toBe(210);
  });

  it('is reported once it is confirmed', async () => {
    const watched = await settled({ most: files(150), rest: files(60) });
    fs.rmSync(`${watched.root}/most`, { recursive: true });
    await watched.until(() => watched.last.halt !== null);
    expect(watched.scanner.snapshot.files).toBe(210);
    watched.scanner.acceptDeletes();
    expect((await watched.scan()).halt).toBeNull();
    expect(watched.told).toEqual([['most', 'gone']]);
    await watched.settle();
    expect(watched.told).toEqual([['most', 'gone']]);
  });

  it('counts as one loss, however slowly they are deleted', async () => {
    let latest = Number.POSITIVE_INFINITY;
    const watched = await settled({ most: files(400), rest: files(60) }, () => Math.min(Date.now(), latest));
    for (let n = 0; n < 400; n++) {
      // The input is somebody who deletes this slowly: by this clock no slower, whatever the machine does.
      if (n % 50 === 0) latest = Math.min(latest, Date.now()) + 20;
      fs.unlinkSync(`${watched.root}/most/f${n}`);
      if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 10));
      if (watched.hints >= watched.scans.length) await watched.scan();
    }
    latest = Number.POSITIVE_INFINITY;
    await watched.until(() => watched.last.halt !== null);
    expect(watched.scanner.snapshot.files).toBeGreaterThan(400);
  });

  it.each<[string, (root: string) => void]>([
    ['a large directory that was renamed', (r) => fs.renameSync(`${r}/most`, `${r}/renamed`)],
    [
      'files that were moved one by one',
      (r) => {
        fs.mkdirSync(`${r}/other`);
        for (let n = 0; n < 150; n++) fs.renameSync(`${r}/most/f${n}`, `${r}/other/g${n}`);
      },
    ],
    ['half of the files', (r) => fs.rmSync(`${r}/rest`, { recursive: true })],
  ])('is not %s', async (_case, change) => {
    const watched = await settled({ most: files(150), rest: files(140) });
    change(watched.root);
    await watched.settle();
    expect(watched.scans.every(({ halt }) => halt === null)).toBe(true);
    expect(watched.told.length).toBeGreaterThan(0);
  });

  it('forgets nothing that was hinted for the scan that halted', async () => {
    const site = await DiskSite.open({ d: files(150) });
    const hinted = async (...names: string[]) => {
      site.scanner.markDirty(names.map(p));
      return await site.scanner.scan('hinted');
    };
    fs.renameSync(site.at('d'), site.at('.lockstep/d'));
    const made: string[] = [];
    for (let code: string | undefined; code !== 'mass-deletion'; await turn()) {
      fs.mkdirSync(site.at(`e${made.length}`));
      made.push(`e${made.length}`);
      code = (await hinted('d', made.at(-1)!)).halt?.code;
    }
    fs.renameSync(site.at('.lockstep/d'), site.at('d'));
    expect((await hinted('d')).halt).toBeNull();
    expect(made.filter((name) => site.scanner.snapshot.get(p(name)) === null)).toEqual([]);
  });
});

describe.runIf(process.getuid !== undefined)('SCENARIO 6: a directory that cannot be read', () => {
  /** Root can read everything, so the scans run as another user. */
  async function asNobody<T>(work: () => Promise<T>): Promise<T> {
    const root = process.getuid!() === 0;
    if (root) process.seteuid!(65534);
    try {
      return await work();
    } finally {
      if (root) process.seteuid!(0);
    }
  }

  async function unreadable(): Promise<Watched> {
    const watched = watch({ d: { s: { f: '1' }, g: '2' }, other: '3' });
    fs.chmodSync(watched.root, 0o755);
    await watched.settle();
    watched.forget();
    fs.chmodSync(`${watched.root}/d`, 0);
    return watched;
  }

  it('is unknown, not empty, and scanned again when it is readable', async () => {
    const watched = await unreadable();
    await asNobody(async () => {
      for (let n = 0; n < 3; n++) await watched.scan('everything');
      await watched.settle();
    });
    expect(watched.last).toMatchObject({ unknown: ['d'], problems: [{ path: 'd', code: 'unreadable' }] });
    expect(watched.told).toEqual([]);
    expect(Object.keys(watched.known())).toEqual(['d', 'd/g', 'd/s', 'd/s/f', 'other']);
    fs.chmodSync(`${watched.root}/d`, 0o755);
    await watched.settle();
    expect(watched.last).toMatchObject({ unknown: [], problems: [] });
    expect(watched.told).toEqual([]);
    put(watched.root, { d: { s: { later: '4' }, later: '4' } });
    await watched.settle();
    expect(Object.keys(watched.known())).toEqual(expect.arrayContaining(['d/later', 'd/s/later']));
  });

  /** What scans report of `d`, by a hint and of everything, in either order. */
  async function heardOf(mode: number, tree: Tree, change: (root: string) => void): Promise<Watched> {
    const watched = watch(tree);
    fs.chmodSync(watched.root, 0o755);
    await watched.settle();
    watched.forget();
    change(watched.root);
    fs.chmodSync(`${watched.root}/d`, mode);
    return watched;
  }

  const BLOCKED = [0o000, 0o333, 0o444, 0o600];

  it.each(BLOCKED)(
    'that was read before is unknown at the first hint, and its mode is not reported (%o)',
    async (mode) => {
      const watched = await heardOf(mode, { d: { s: { f: '1' }, g: '2' } }, () => {});
      await asNobody(async () => {
        for (const scope of ['hinted', 'hinted', 'everything', 'hinted'] as const) {
          watched.scanner.markDirty([p('d'), p('d/g')]);
          await watched.scan(scope);
          expect(watched.last).toMatchObject({ unknown: ['d'], problems: [{ path: 'd', code: 'unreadable' }] });
        }
      });
      expect(watched.told).toEqual([]);
      expect(Object.keys(watched.known())).toEqual(['d', 'd/g', 'd/s', 'd/s/f']);
      fs.chmodSync(`${watched.root}/d`, 0o700);
      await watched.settle();
      expect(watched.last).toMatchObject({ unknown: [], problems: [] });
      expect(watched.told).toEqual([['d', 'dir 700']]);
    },
  );

  it.each(BLOCKED)('that is new is not reported before it is readable (%o)', async (mode) => {
    const watched = await heardOf(mode, { other: '3' }, (root) => put(root, { d: { f: '1' } }));
    await asNobody(async () => {
      for (const scope of ['hinted', 'everything', 'hinted'] as const) {
        watched.scanner.markDirty([p('d'), p('d/g')]);
        await watched.scan(scope);
        expect(watched.last).toMatchObject({ unknown: ['d'], problems: [{ path: 'd', code: 'unreadable' }] });
      }
    });
    expect([watched.told, Object.keys(watched.known())]).toEqual([[], ['other']]);
    fs.chmodSync(`${watched.root}/d`, 0o755);
    await watched.settle();
    expect(Object.keys(watched.known())).toEqual(['d', 'd/f', 'other']);
  });

  it('keeps its known content when it is moved', async () => {
    const watched = await unreadable();
    fs.renameSync(`${watched.root}/d`, `${watched.root}/e`);
    await asNobody(async () => watched.settle());
    expect(Object.keys(watched.known())).toEqual(['e', 'e/g', 'e/s', 'e/s/f', 'other']);
  });

  it('is a problem where it is a file', async () => {
    const watched = watch({ secret: 'x', plain: 'y' });
    fs.chmodSync(watched.root, 0o755);
    fs.chmodSync(`${watched.root}/secret`, 0);
    await asNobody(async () => watched.scan());
    expect(watched.last).toMatchObject({ unknown: ['secret'], problems: [{ path: 'secret', code: 'unreadable' }] });
    fs.chmodSync(`${watched.root}/secret`, 0o644);
    await watched.until(() => watched.last.unknown.length === 0);
    expect(Object.keys(watched.known())).toEqual(['plain', 'secret']);
  });
});

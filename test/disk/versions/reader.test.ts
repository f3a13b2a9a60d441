import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileEntry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { isVersionOf, momentOf, versionName } from '../../../src/disk/versions/name.js';
import { DEFAULT_VERSION_LIMITS, VersionPruner } from '../../../src/disk/versions/pruning.js';
import { LocalVersionReader } from '../../../src/disk/versions/reader.js';
import { VersionRecords } from '../../../src/disk/versions/records.js';
import { type VersionReason, Versions } from '../../../src/disk/versions/versions.js';
import { silent } from '../../../src/log.js';
import { file, own } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

const NOON = new Date(2026, 10, 21, 12, 0, 0).getTime();
const p = (text: string) => text as RelPath;

let root: string;
let kept: string;
let records: VersionRecords;
let now: number;
beforeEach(() => {
  root = makeRoot('earlier');
  kept = path.join(root, 'versions');
  fs.mkdirSync(kept);
  open();
  now = NOON;
});
afterEach(async () => {
  await records.close();
  removeRoot(root);
});

function open(): void {
  records = new VersionRecords(path.join(root, 'versions.log'));
}

function version(of: string, content: string, occasion?: VersionReason): void {
  put(root, { incoming: content });
  const versions = new Versions(own(kept), () => now);
  versions.onKept = (name, note) => records.add(name, note);
  versions.take(p(of), path.join(root, 'incoming'), fs.lstatSync(path.join(root, 'incoming')), occasion);
  now += 1;
}

const versionReader = () => {
  const pruner = new VersionPruner({ directory: own(kept), records, limits: DEFAULT_VERSION_LIMITS, log: silent });
  return new LocalVersionReader(own(kept), records, pruner);
};
const hashOf = (content: string) => file(content).hash;
const textOf = (name: RelPath) => fs.readFileSync(path.join(kept, name), 'utf8');

async function restored(name: RelPath): Promise<string> {
  const entry = (await versionReader().entryOf(name)) as FileEntry;
  let text = '';
  for await (const piece of versionReader().read(name, entry)) if ('data' in piece) text += piece.data.toString();
  return text;
}

describe('the versions of a file', () => {
  test('keep their order where the record of one in the middle is lost', async () => {
    now = NOON + 500;
    for (const content of ['one', 'two', 'three']) version('x.txt', content);
    records.remove(p('x (2026-11-21 12-00-00 2).txt'));
    const list = await versionReader().list(p('x.txt'));
    expect(list.map(({ name }) => textOf(name))).toEqual(['three', 'two', 'one']);
  });

  test('are listed newest first, with time and reason', async () => {
    version('d/x.txt', 'one', { reason: 'deleted', hash: null });
    version('d/x.txt', 'two!', { reason: 'first contact', hash: null });
    version('d/y.txt', 'other');
    const list = await versionReader().list(p('d/x.txt'));
    expect(list.map(({ size, reason, replaced }) => [size, reason, replaced])).toEqual([
      [4, 'first contact', NOON + 1],
      [3, 'deleted', NOON],
    ]);
    expect(list.map(({ name }) => textOf(name))).toEqual(['two!', 'one']);
  });

  test('are listed without the record, without their reasons', async () => {
    for (const content of ['1', '2', '3']) version('x.txt', content, { reason: 'held', hash: null });
    await records.close();
    fs.rmSync(path.join(root, 'versions.log'));
    open();
    const list = await versionReader().list(p('x.txt'));
    expect(list.map(({ name }) => textOf(name))).toEqual(['3', '2', '1']);
    expect(list.map(({ reason, replaced }) => [reason, replaced])).toEqual(Array(3).fill([null, NOON]));
  });

  test('are listed where the record is damaged', async () => {
    version('x.txt', 'one');
    await records.close();
    const log = path.join(root, 'versions.log');
    fs.writeFileSync(log, `garbage ${fs.readFileSync(log, 'utf8')}`);
    open();
    expect(await versionReader().list(p('x.txt'))).toMatchObject([{ size: 3, reason: null }]);
  });

  test('are listed after a restart', async () => {
    version('x.txt', 'one', { reason: 'discarded', hash: null });
    await records.close();
    open();
    expect(await versionReader().list(p('x.txt'))).toMatchObject([{ reason: 'discarded', replaced: NOON }]);
  });

  test('of a path too deep for its directory are found by their record', async () => {
    const deep = `${Array.from({ length: 40 }, () => 'd'.repeat(100)).join('/')}/f.txt`;
    version(deep, 'deep');
    expect(await versionReader().list(p(deep))).toMatchObject([{ size: 4 }]);
    expect(await versionReader().list(p('f.txt'))).toEqual([]);
  });

  test('that a person removed are not listed', async () => {
    version('x.txt', 'one');
    fs.rmSync(kept, { recursive: true });
    expect(await versionReader().list(p('x.txt'))).toEqual([]);
  });
});

describe('a version’s content', () => {
  test('is read whole', async () => {
    version('x.txt', 'one', { reason: 'overwritten', hash: hashOf('one') });
    const [found] = await versionReader().list(p('x.txt'));
    expect(await restored(found!.name)).toBe('one');
  });

  test('is refused where it does not have the recorded hash', async () => {
    version('x.txt', 'one', { reason: 'overwritten', hash: hashOf('one') });
    const [found] = await versionReader().list(p('x.txt'));
    fs.writeFileSync(path.join(kept, found!.name), 'off');
    await expect(versionReader().entryOf(found!.name)).rejects.toMatchObject({ code: 'failed' });
  });

  test('can be a link', async () => {
    fs.symlinkSync('there', path.join(root, 'l'));
    new Versions(own(kept), () => now).take(p('l'), path.join(root, 'l'), fs.lstatSync(path.join(root, 'l')));
    const [found] = await versionReader().list(p('l'));
    expect(await versionReader().entryOf(found!.name)).toMatchObject({ type: 'symlink', target: 'there' });
  });

  test('that is gone is reported as not found', async () => {
    await expect(versionReader().entryOf(p('x (2026-11-21 12-00-00).txt'))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('is never read through a link', async () => {
    put(root, { outside: { 'x (2026-11-21 12-00-00).txt': 'secret' } });
    fs.symlinkSync(path.join(root, 'outside'), path.join(kept, 'd'));
    await expect(versionReader().entryOf(p('d/x (2026-11-21 12-00-00).txt'))).rejects.toThrow();
  });
});

test.each(['x.txt', '.profile', 'a.tar.gz', 'plain', 'dot.', `${'é'.repeat(120)}.jpeg`, 'x'.repeat(255)])(
  'the name of a version tells its file and time: %s',
  (name) => {
    const first = versionName(name, NOON, 1);
    expect(isVersionOf(first, name)).toBe(true);
    expect(isVersionOf(first, `y${name.slice(1)}`)).toBe(false);
    expect(momentOf(first)).toEqual({ replaced: NOON, n: 1 });
    expect(momentOf(versionName(name, NOON, 12))).toEqual({ replaced: NOON, n: 12 });
  },
);

async function recent(since = 0): Promise<[string, string, string | null, number][]> {
  const rows: [string, string, string | null, number][] = [];
  for await (const some of versionReader().recent(since))
    for (const { of, name, reason, replaced } of some) rows.push([of, textOf(name), reason, replaced - NOON]);
  return rows;
}

describe('the versions of all files', () => {
  test('are listed newest first, with the paths that they had', async () => {
    version('d/x.txt', 'one');
    version('y.txt', 'two', { reason: 'deleted', hash: null });
    version('d/x.txt', 'three');
    expect(await recent()).toEqual([
      ['d/x.txt', 'three', 'deleted', 2],
      ['y.txt', 'two', 'deleted', 1],
      ['d/x.txt', 'one', 'deleted', 0],
    ]);
    expect(await recent(NOON + 1)).toHaveLength(2);
  });

  test('are found by their names where the records are lost, and come in the order of one file', async () => {
    now = NOON + 500;
    for (const content of ['one', 'two', 'three']) version('d/x.txt', content);
    version('notes', 'four');
    records.remove(p('d/x (2026-11-21 12-00-00 2).txt'));
    records.remove(p('notes (2026-11-21 12-00-00)'));
    put(kept, { 'somebody.txt': 'not a version' });
    const rows = await recent();
    expect(rows.map(([of, text, reason]) => [of, text, reason])).toEqual([
      ['d/x.txt', 'three', 'deleted'],
      ['d/x.txt', 'two', null],
      ['d/x.txt', 'one', 'deleted'],
      ['notes', 'four', null],
    ]);
    const list = await versionReader().list(p('d/x.txt'));
    expect(rows.slice(0, 3).map(([, , , replaced]) => replaced)).toEqual(list.map(({ replaced }) => replaced - NOON));
  });

  test('leave out what people have removed, and come in pieces', async () => {
    for (let n = 0; n < 300; n++) version(`f${n}`, `${n}`);
    fs.rmSync(path.join(kept, 'f7 (2026-11-21 12-00-00)'));
    const pieces: number[] = [];
    for await (const some of versionReader().recent(0)) pieces.push(some.length);
    expect(pieces.reduce((sum, n) => sum + n)).toBe(299);
    expect(pieces.length).toBeGreaterThan(2);
  });
});

describe('the usage', () => {
  test('counts what was there, what has come and what went', async () => {
    version('x', '12345');
    const pruner = new VersionPruner({
      ...{ directory: own(kept), records, limits: DEFAULT_VERSION_LIMITS, log: silent, now: () => now },
    });
    expect(await pruner.usage()).toEqual({ files: 1, bytes: 5 });
    now += 1000;
    version('y', '123');
    pruner.grew(p('y (2026-11-21 12-00-01)'), 3);
    expect(await pruner.usage()).toEqual({ files: 2, bytes: 8 });
    expect(await pruner.removeOlder(500, true)).toMatchObject({ files: 1, bytes: 5 });
    expect((await recent()).map(([of]) => of)).toEqual(['y', 'x']);
    expect(await pruner.removeOlder(500, false)).toMatchObject({ files: 1, bytes: 5 });
    expect((await recent()).map(([of]) => of)).toEqual(['y']);
    expect([await pruner.usage(), await new LocalVersionReader(own(kept), records, pruner).prune(0, false)]).toEqual([
      { files: 1, bytes: 3 },
      { files: 1, bytes: 3, before: now },
    ]);
    expect([await pruner.usage(), fs.readdirSync(kept)]).toEqual([{ files: 0, bytes: 0 }, []]);
    await pruner.close();
  });

  test('is not counted twice for what comes while it is counted', async () => {
    for (let n = 0; n < 100; n++) version(`d${n}/x`, '1');
    const pruner = new VersionPruner({ directory: own(kept), records, limits: DEFAULT_VERSION_LIMITS, log: silent });
    const counting = pruner.usage();
    for (let n = 0; n < 100; n++) {
      const at = now;
      version(`e${n}/x`, '12');
      pruner.grew(p(versionName('x', at, 1)).replace(/^/, `e${n}/`) as RelPath, 2);
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await counting;
    expect(await pruner.usage()).toEqual({ files: 200, bytes: 300 });
    await pruner.close();
  });
});

test('a version of a path too long for two prefixes is found at the top, also without its record', async () => {
  const deep = p(`${Array.from({ length: 40 }, () => 'd'.repeat(100)).join('/')}/f.txt`);
  version(deep, 'deep');
  for (const name of [...records.all()]) records.remove(name);
  const list = await versionReader().list(deep);
  expect(list.map(({ name }) => textOf(name))).toEqual(['deep']);
});

test('all versions are counted', async () => {
  version('x', '123');
  version('d/y', '4567');
  expect(await versionReader().usage()).toEqual({ files: 2, bytes: 7 });
});

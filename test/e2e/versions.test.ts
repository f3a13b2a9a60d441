// Nothing is ever lost: what was overwritten or deleted on either side is listed, and comes back; conflict copies are
// listed and settled. With the real programs.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, treeOf } from '../support/programs.js';

interface Row {
  n: number;
  size: number;
  reason: string;
  side: string;
  where: string;
  replaced: string;
}

interface Conflict {
  path: string;
  copy: string;
  side: string;
  original: { size: number } | null;
}

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const versions = async (name: string) => (await pair.json<{ versions: Row[] }>('versions', name)).versions;
const conflicts = async () => (await pair.json<{ conflicts: Conflict[] }>('conflicts')).conflicts;
const contentOf = ({ side, where }: Row) => fs.readFileSync(path.join(side === 'a' ? pair.a : pair.b, where), 'utf8');
const below = (side: 'a' | 'b', name: string) => fs.existsSync(path.join(pair[side], name));

async function both(name: string, content: string): Promise<void> {
  await pair.flush();
  expect([textOf(pair.a, name), textOf(pair.b, name)]).toEqual([content, content]);
}

/** Writes on both sides while they cannot see each other; b's is the newer. */
async function conflict(name: string, a: string, b: string): Promise<void> {
  await pair.json('pause');
  putWhole(pair.a, name, a);
  putWhole(pair.b, name, b);
  const later = Date.now() / 1000 + 5;
  fs.utimesSync(path.join(pair.b, name), later, later);
  await pair.json('resume');
  await pair.flush();
}

describe('earlier contents', () => {
  test('of both sides are one list, newest first, and each comes back', async () => {
    await pair.start();
    putWhole(pair.a, 'docs/plan.txt', 'first');
    await both('docs/plan.txt', 'first');
    // The old content survives on side b alone: the user of side a overwrote it.
    putWhole(pair.a, 'docs/plan.txt', 'second!');
    await both('docs/plan.txt', 'second!');
    putWhole(pair.b, 'docs/plan.txt', 'third one');
    await both('docs/plan.txt', 'third one');
    const rows = await versions('docs/plan.txt');
    expect(rows.map((row) => [row.n, row.side, row.reason, contentOf(row)])).toEqual([
      [1, 'a', 'overwritten', 'second!'],
      [2, 'b', 'overwritten', 'first'],
    ]);
    const acted = await pair.json<{ path: string; changed: boolean }>('restore', 'docs/plan.txt', '--at', '2');
    expect(acted).toMatchObject({ path: 'docs/plan.txt', changed: true, size: 5 });
    await both('docs/plan.txt', 'first');
    expect((await versions('docs/plan.txt')).slice(0, 2).map((row) => [row.reason, contentOf(row)])).toEqual(
      expect.arrayContaining([['restored', 'third one']]),
    );
    expect(await pair.json('restore', 'docs/plan.txt', '--at', '4')).toMatchObject({ changed: false });
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });

  test('of a file that was deleted with its directory come back, with the directory', async () => {
    await pair.start();
    putWhole(pair.a, 'd/e/x.txt', 'precious');
    await both('d/e/x.txt', 'precious');
    fs.rmSync(path.join(pair.a, 'd'), { recursive: true });
    await pair.flush();
    expect(below('b', 'd')).toBe(false);
    expect(await versions('d/e/x.txt')).toMatchObject([{ reason: 'deleted', side: 'b' }]);
    expect(await pair.json('restore', 'd/e/x.txt')).toMatchObject({ changed: true, created: true });
    await both('d/e/x.txt', 'precious');
  });

  test('are refused where there is none, and where another holds the lock', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'one');
    await both('x.txt', 'one');
    expect((await pair.client('restore', 'x.txt')).code).toBe(4);
    putWhole(pair.b, 'x.txt', 'two!');
    await both('x.txt', 'two!');
    await pair.json('--as', 'bob', 'lock', 'x.txt');
    const refused = await pair.client('--as', 'ann', 'restore', 'x.txt');
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('locked by bob')]);
    expect((await pair.client('--as', 'bob', 'restore', 'x.txt')).code).toBe(0);
    await both('x.txt', 'one');
  });

  test('go over at once when the holder of a lock on side b puts one back', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'one');
    await both('x.txt', 'one');
    putWhole(pair.a, 'x.txt', 'two!');
    await both('x.txt', 'two!');
    await pair.json('--as', 'bob', 'lock', '--side', 'b', 'x.txt');
    await pair.json('--as', 'bob', 'restore', 'x.txt');
    await both('x.txt', 'one');
    expect(await pair.json('held')).toEqual({ held: [] });
  });

  test('survive the loss of the record, and are listed while side b is away', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'one');
    await both('x.txt', 'one');
    putWhole(pair.b, 'x.txt', 'two!');
    await both('x.txt', 'two!');
    await pair.serverA.stop();
    fs.rmSync(path.join(pair.a, '.lockstep', 'versions.log'));
    await pair.startA();
    await pair.serverA.wait('in-sync');
    expect(await versions('x.txt')).toMatchObject([{ side: 'a', reason: 'unknown', size: 3 }]);
    await pair.serverB.stop();
    await pair.serverA.wait('peer-lost');
    expect(await pair.json('versions', 'x.txt')).toMatchObject({ versions: [{ size: 3 }], away: ['b'] });
    expect(await pair.json('restore', 'x.txt')).toMatchObject({ changed: true });
    expect(textOf(pair.a, 'x.txt')).toBe('one');
  });
});

describe('what was put aside lately', () => {
  interface Recent extends Row {
    path: string;
  }
  const recent = async (...args: string[]) => (await pair.json<{ versions: Recent[] }>('versions', ...args)).versions;
  const lines = async (...args: string[]) => {
    const { stdout } = await pair.client('--json', ...args);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; changed: boolean });
  };

  test('is found without a name, on both sides, and many files come back at once', async () => {
    await pair.start();
    for (const name of ['d/one.txt', 'd/e/two.txt', 'keep.txt', 'own.txt']) putWhole(pair.a, name, `first ${name}`);
    await pair.flush();
    putWhole(pair.a, 'keep.txt', 'second');
    await pair.flush();
    fs.rmSync(path.join(pair.b, 'd'), { recursive: true });
    await pair.flush();
    await pair.json('delete', 'own.txt');
    await pair.flush();
    const rows = await recent();
    expect(rows.map(({ path: name, side, reason }) => [name, side, reason])).toEqual(
      expect.arrayContaining([
        ['own.txt', 'a', 'deleted'],
        ['own.txt', 'b', 'deleted'],
        ['d/e/two.txt', 'a', 'deleted'],
        ['d/one.txt', 'a', 'deleted'],
        ['keep.txt', 'b', 'overwritten'],
      ]),
    );
    expect(rows).toHaveLength(5);
    expect(rows.map(({ replaced }) => replaced)).toEqual(
      rows
        .map(({ replaced }) => replaced)
        .sort()
        .reverse(),
    );
    for (const { path: name, n, where } of rows)
      expect((await versions(name)).find((row) => row.n === n)).toMatchObject({ where });
    expect((await recent('d/**', '--deleted')).map(({ path: name }) => name).sort()).toEqual([
      'd/e/two.txt',
      'd/one.txt',
    ]);
    expect(await lines('restore', '--deleted-since', '1h', '--dry-run')).toHaveLength(3);
    expect(below('a', 'own.txt')).toBe(false);
    expect((await lines('restore', 'd')).map(({ path: name, changed }) => [name, changed]).sort()).toEqual([
      ['d/e/two.txt', true],
      ['d/one.txt', true],
    ]);
    await both('d/e/two.txt', 'first d/e/two.txt');
    expect(await lines('undelete', '--deleted-since', '1h')).toMatchObject([{ path: 'own.txt', changed: true }]);
    await both('own.txt', 'first own.txt');
    expect(await recent('--deleted')).toEqual([]);
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });

  test('brings back what files were before a time, and leaves what is newer', async () => {
    await pair.start();
    const written = new Date(Date.now() - 60_000);
    for (const name of ['x.txt', 'y.txt']) {
      putWhole(pair.a, name, `good ${name}`);
      fs.utimesSync(path.join(pair.a, name), written, written);
    }
    await pair.flush();
    const before = new Date(Date.now() - 10_000).toISOString(); // times of files are some milliseconds coarse
    for (const content of ['bad', 'worse']) {
      for (const name of ['x.txt', 'y.txt', 'z.txt']) putWhole(pair.a, name, `${content} ${name}`);
      await pair.flush();
    }
    const done = await lines('restore', '--before', before);
    expect(done.map(({ path: name }) => name).sort()).toEqual(['x.txt', 'y.txt']);
    await both('x.txt', 'good x.txt');
    await both('y.txt', 'good y.txt');
    await both('z.txt', 'worse z.txt');
  });

  test('goes for ever with --prune, on both sides', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'one');
    await pair.flush();
    await pair.json('delete', 'x.txt');
    await pair.flush();
    expect(await recent()).toHaveLength(2);
    expect(await pair.json('versions', '--prune', '--older', '1h')).toEqual({ changed: false, files: 0, bytes: 0 });
    expect(await pair.json('versions', '--prune', '--dry-run')).toEqual({ changed: false, files: 2, bytes: 6 });
    expect(await pair.json('versions', '--prune')).toEqual({ changed: true, files: 2, bytes: 6 });
    expect(await recent()).toEqual([]);
    expect(fs.readdirSync(path.join(pair.b, '.lockstep', 'versions'))).toEqual([]);
  });

  test('is listed as far as it is known while side b is away', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'one');
    await pair.flush();
    await pair.json('delete', 'x.txt');
    await pair.flush();
    await pair.serverB.stop();
    await pair.serverA.wait('peer-lost');
    expect(await pair.json('versions', '--deleted')).toMatchObject({ versions: [{ side: 'a' }], away: ['b'] });
    expect(await pair.json('restore', '--deleted-since', '1h')).toMatchObject({ path: 'x.txt', changed: true });
  });
});

describe('conflict copies', () => {
  test.each([
    ['a', 'from a', 'the copy is of a, so its content comes back'],
    ['b', 'from b', 'the file has b’s content and keeps it'],
  ])('--keep %s', async (keep, content) => {
    await pair.start();
    putWhole(pair.a, 'd/x.txt', 'base');
    await both('d/x.txt', 'base');
    await conflict('d/x.txt', 'from a', 'from b');
    const [found] = await conflicts();
    expect(found).toMatchObject({ path: 'd/x.txt', side: 'a', original: { size: 6 } });
    expect(await pair.json('resolve', 'd/x.txt', '--keep', keep)).toMatchObject({
      path: 'd/x.txt',
      changed: true,
      removed: [found!.copy],
    });
    await both('d/x.txt', content);
    expect(await conflicts()).toEqual([]);
    expect(fs.readdirSync(path.join(pair.b, 'd'))).toEqual(['x.txt']);
    expect((await versions(found!.copy)).map(contentOf)).toContain('from a');
  });

  test('--keep both gives the copy a plain name', async () => {
    await pair.start();
    putWhole(pair.a, 'x.txt', 'base');
    await both('x.txt', 'base');
    await conflict('x.txt', 'from a', 'from b');
    const [found] = await conflicts();
    const { renamed } = await pair.json<{ renamed: { to: string }[] }>('resolve', found!.copy, '--keep', 'both');
    expect(renamed[0]!.to).toMatch(/^x \(A \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\)\.txt$/);
    await both(renamed[0]!.to, 'from a');
    await both('x.txt', 'from b');
    expect(await conflicts()).toEqual([]);
    expect((await pair.client('resolve', 'x.txt', '--keep', 'a')).code).toBe(4);
  });

  test('are never more than ten of one file: the oldest goes to versions', async () => {
    await pair.start();
    const old = Array.from({ length: 10 }, (_, i) => `x (conflict A 2026-01-${10 + i} 10-00-00).txt`);
    for (const [i, name] of old.entries()) putWhole(pair.a, name, `old ${i}`);
    putWhole(pair.a, 'x.txt', 'base');
    await both('x.txt', 'base');
    await conflict('x.txt', 'from a', 'from b');
    expect(await conflicts()).toHaveLength(10);
    expect([below('a', old[0]!), below('b', old[0]!)]).toEqual([false, false]);
    expect(below('b', old[1]!)).toBe(true);
    const rows = await versions(old[0]!);
    expect(rows.map((row) => [row.reason, contentOf(row)])).toEqual(Array(2).fill(['conflict copy limit', 'old 0']));
    expect(treeOf(pair.a)).toEqual(treeOf(pair.b));
  });
});

// The versions of both sides as one list, and the steps that restore one of them.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { Content, RecentVersion, Version, VersionReader } from '../../../src/replica.js';
import { Restoring } from '../../../src/sync/files/restore-version.js';
import type { ClientWrite, WriteStep } from '../../../src/sync/files/write.js';
import { showChanges } from '../../support/core/tree.js';
import { dir, file, link, p, turn } from '../../support/disk-site.js';

const version = (name: string, replaced: number, more: Partial<Version> = {}): Version => ({
  name: p(name),
  size: 3,
  mtime: 1_500_000,
  replaced,
  reason: 'overwritten',
  ...more,
});

/** One side's versions; each version's content is its name. */
class Kept implements VersionReader {
  readonly scanned: string[] = [];
  readonly read_: string[] = [];
  constructor(readonly versions: readonly Version[]) {}
  async list(path: RelPath): Promise<readonly Version[]> {
    return path === 'd/f' ? this.versions : [];
  }
  async *recent(): AsyncGenerator<readonly RecentVersion[]> {
    yield this.versions.map((one) => ({ ...one, of: p('d/f') }));
  }
  async usage() {
    return { files: this.versions.length, bytes: 3 * this.versions.length };
  }
  async prune(olderMs: number, dryRun: boolean, before = 100) {
    return { files: dryRun ? 0 : 1, bytes: olderMs, before };
  }
  async entryOf(name: RelPath) {
    this.scanned.push(name);
    return name.includes('link') ? link('x') : file(name);
  }
  async *read(name: RelPath): AsyncGenerator<Content> {
    this.read_.push(name);
    yield { n: 0, data: Buffer.from(name), last: true };
  }
}

function open(a: Kept | null, b: Kept | null, present: Record<string, Entry> = { d: dir() }) {
  const steps: WriteStep[] = [];
  const asked: ClientWrite[] = [];
  const sides: Record<Side, Kept | null> = { a, b };
  const restoring = new Restoring({
    versionReader: (side) => sides[side],
    writes: {
      ask: async (write: ClientWrite) => {
        await turn();
        asked.push(write);
        steps.push(...write.decide((path: RelPath) => present[path] ?? null));
        return steps.map(({ change }) => change);
      },
    } as never,
  });
  const restore = (at = 1) => restoring.restore(p('d/f'), { at }, 'ann');
  const code = (at = 1) => restore(at).catch((error: SyncError) => [error.code, error.message]);
  return { restoring, restore, code, steps, asked, sides, shown: () => showChanges(steps.map(({ change }) => change)) };
}

describe('the list', () => {
  test('has the versions of both sides, the newest first', async () => {
    const { restoring } = open(
      new Kept([version('a2', 3_000), version('a1', 1_000, { reason: null })]),
      new Kept([version('b1', 2_000)]),
    );
    const { rows, away } = await restoring.versions(p('d/f'));
    expect(rows.map(({ n, where, side, reason }) => [n, where, side, reason])).toEqual([
      [1, '.lockstep/versions/a2', 'a', 'overwritten'],
      [2, '.lockstep/versions/b1', 'b', 'overwritten'],
      [3, '.lockstep/versions/a1', 'a', 'unknown'],
    ]);
    expect([rows[0], away]).toMatchObject([
      { size: 3, mtime: '1970-01-01T00:00:01.500Z', replaced: '1970-01-01T00:00:03.000Z' },
      [],
    ]);
  });

  test('names the side that could not be asked', async () => {
    const { restoring } = open(new Kept([version('a1', 1_000)]), null);
    expect(await restoring.versions(p('d/f'))).toMatchObject({ rows: [{ n: 1 }], away: ['b'] });
  });
});

describe('restoring', () => {
  test('reads the version from the side that has it', async () => {
    const [a, b] = [new Kept([version('a2', 3_000)]), new Kept([version('b1', 2_000)])];
    const { restore, steps, asked, shown } = open(a, b, { d: dir(), 'd/f': file('now') });
    expect(await restore(2)).toEqual({
      path: 'd/f',
      changed: true,
      created: false,
      at: 2,
      size: 3,
      mtime: '1970-01-01T00:00:01.500Z',
      replaced: '1970-01-01T00:00:02.000Z',
      reason: 'overwritten',
      side: 'b',
      where: '.lockstep/versions/b1',
    });
    expect([asked[0]!.owner, asked[0]!.paths, shown()]).toEqual(['ann', ['d/f'], '*d/f']);
    expect(steps[0]!.change).toMatchObject({ before: file('now'), after: file('b1'), reason: 'restored' });
    for await (const _ of steps[0]!.contents!());
    expect([a.scanned, b.scanned, b.read_]).toEqual([[], ['b1'], ['b1']]);
  });

  test('takes the version that lies in a place, whatever its number is by now', async () => {
    const [a, b] = [new Kept([version('a2', 3_000), version('a1', 1_000)]), new Kept([version('a1', 2_000)])];
    const { restoring, steps } = open(a, b, { d: dir() });
    const where = '.lockstep/versions/a1';
    const acted = await restoring.restore(p('d/f'), { side: 'a', where }, 'ann');
    expect(acted).toMatchObject({ path: 'd/f', changed: true, side: 'a', where, replaced: '1970-01-01T00:00:01.000Z' });
    expect([acted, a.scanned, b.scanned]).toEqual([expect.not.objectContaining({ n: 1 }), ['a1'], []]);
    expect(steps.at(-1)!.change.after).toEqual(file('a1'));
    const gone = restoring.restore(p('d/f'), { side: 'b', where: '.lockstep/versions/a2' }, 'ann');
    await expect(gone).rejects.toMatchObject({
      code: 'not-found',
      message: 'No version of "d/f" lies in ".lockstep/versions/a2" on side b.',
    });
  });

  test('creates a deleted file, with the directories above it', async () => {
    const { restore, steps, shown } = open(new Kept([version('a1', 1)]), null, {});
    expect(await restore()).toMatchObject({ changed: true, created: true });
    expect([shown(), steps[0]!.change.after]).toEqual(['+d +d/f', dir()]);
  });

  test('of a link needs no content', async () => {
    const { restore, steps } = open(new Kept([version('link', 1)]), null);
    await restore();
    expect(steps.map(({ contents }) => contents)).toEqual([undefined]);
  });

  test('of the present content changes nothing', async () => {
    const { restore, steps } = open(new Kept([version('a1', 1)]), null, { d: dir(), 'd/f': file('a1') });
    expect(await restore()).toMatchObject({ changed: false, created: false, at: 1 });
    expect(steps).toEqual([]);
  });

  test.each<[string, Record<string, Entry>, RegExp]>([
    ['where a directory stands', { d: dir(), 'd/f': dir() }, /directory now/],
    ['below a file', { d: file('x') }, /no place: "d" is a file/],
  ])('is refused %s', async (_, present, words) => {
    const { code, steps } = open(new Kept([version('a1', 1)]), null, present);
    expect([await code(), steps]).toEqual([['exists', expect.stringMatching(words)], []]);
  });

  test.each<[number, Kept | null, RegExp]>([
    [2, new Kept([]), /There is no version 2 of "d\/f": there are versions 1 to 1\.$/],
    [2, null, /versions 1 to 1 \(side b is away and was not asked\)\.$/],
    [0, new Kept([]), /no version 0/],
  ])('is refused where there is no version %d', async (at, b, words) => {
    const { code } = open(new Kept([version('a1', 1)]), b);
    expect(await code(at)).toEqual(['not-found', expect.stringMatching(words)]);
  });

  test('is refused where there is no version', async () => {
    const { code } = open(null, null);
    expect(await code()).toEqual([
      'not-found',
      'There is no version 1 of "d/f": nothing is kept of it (side a and b is away and was not asked).',
    ]);
  });

  test('is refused where the side has just disconnected', async () => {
    const b = new Kept([version('b1', 1)]);
    const { code, sides } = open(new Kept([]), b);
    b.list = async () => {
      sides.b = null;
      return b.versions;
    };
    expect(await code()).toEqual(['not-found', expect.stringMatching(/\(side b is away/)]);
  });
});

describe('pruning', () => {
  test('asks each side that is there', async () => {
    const { restoring } = open(new Kept([]), null);
    expect(await restoring.prune(7, false)).toEqual({ a: { files: 1, bytes: 7, before: 100 }, b: null });
  });

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ] as const)('tells what side %s could not, and what side %s has removed', async (bad, good) => {
    const failing = new Kept([]);
    failing.prune = () => Promise.reject(new SyncError('failed', 'the disk is broken'));
    const sides = { a: new Kept([]), b: new Kept([]), [bad]: failing };
    const { restoring } = open(sides.a, sides.b);
    const failed = { side: bad, code: 'failed', message: 'the disk is broken' };
    const removed = { files: 1, bytes: 7, before: 100 };
    expect(await restoring.prune(7, false)).toEqual({ [bad]: null, [good]: removed, failed });
    await expect(restoring.prune(7, true)).rejects.toThrow('the disk is broken');
    await expect(restoring.prune(7, false, { [bad]: 5 })).rejects.toThrow('the disk is broken');
  });

  test('removes up to the moments that are given, and nothing on a side without one', async () => {
    const { restoring } = open(new Kept([]), new Kept([]));
    expect(await restoring.prune(7, false, { b: 50 })).toEqual({ a: null, b: { files: 1, bytes: 7, before: 50 } });
  });
});

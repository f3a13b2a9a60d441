// SCENARIO 24: an interrupted transfer is resumed, and parts of two contents are never mixed.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import { coarseBlockBytes } from '../../../src/core/delta.js';
import type { FileEntry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import { HeldFiles } from '../../../src/disk/apply/held-files.js';
import { offerFor } from '../../../src/disk/apply/offer.js';
import { readContents } from '../../../src/disk/content/read.js';
import { coarseSums, rememberSums } from '../../../src/disk/fs/block-sums.js';
import { tidyPartials } from '../../../src/disk/staging/partials.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import type { Content, Offer } from '../../../src/replica.js';
import { noise, sumsOf } from '../../support/delta.js';
import { DiskSite, file, own, p, pieces, turn } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

const MIB = 1 << 20;
const SIZE = 6 * MIB + 100;
const NEW = noise(SIZE, 1);
const dead = new Error('the line is dead');

afterEach(() => vi.restoreAllMocks());

/** Two sites: where the content is, and where it goes. */
async function twoSites(target: Record<string, Buffer> = {}, content = NEW) {
  const source = await DiskSite.open({ f: content });
  const context = await DiskSite.open(target);
  return { source, context, change: context.change('f', file(content)) };
}

const offerOf = ({ root, scanner, staging }: DiskSite, change: Change): Offer | null =>
  offerFor({ root, scanner, staging }, change);

/** What the source sends for `change`, interrupted after `bytes` bytes. */
async function* sending(source: DiskSite, change: Change, offer: Offer | null, bytes = Number.POSITIVE_INFINITY) {
  const wanted = { path: change.path, file: change.after as FileEntry, ...(offer === null ? {} : { offer }) };
  let left = bytes;
  for await (const piece of readContents(source.root, [wanted])) {
    if ('data' in piece && piece.data.length > left) throw dead;
    if ('data' in piece) left -= piece.data.length;
    yield piece;
  }
}

async function cutAfter(context: DiskSite, source: DiskSite, change: Change, bytes: number): Promise<void> {
  await expect(context.outcomes([change], sending(source, change, offerOf(context, change), bytes))).rejects.toBe(dead);
}

async function carry(context: DiskSite, source: DiskSite, change: Change): Promise<Outcome> {
  const [outcome] = await context.outcomes([change], sending(source, change, offerOf(context, change)));
  return outcome!;
}

describe('an interrupted transfer', () => {
  test.each([1, 1.5, 3, 5, 6])('after %d MiB resumes at the last whole MiB', async (mib) => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, mib * MIB);
    expect([context.tree(), context.staged()]).toEqual([{}, [`${file(NEW).hash}.part`]]);
    expect(offerOf(context, change)).toEqual({ have: Math.floor(mib) * MIB, base: null });
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE - Math.floor(mib) * MIB });
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
    expect([fs.statSync(context.at('f')).mode & 0o777, context.staged()]).toEqual([0o644, []]);
  });

  test('that is interrupted again keeps everything that came before', async () => {
    const { source, context, change } = await twoSites();
    for (const bytes of [2 * MIB, 1, MIB, 0, MIB, 0]) await cutAfter(context, source, change, bytes);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE - 4 * MIB });
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
  });

  test('of less than a MiB leaves nothing', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, MIB / 2);
    expect([context.staged(), offerOf(context, change)]).toEqual([[], null]);
  });

  test('of a file below 4 MiB leaves nothing', async () => {
    const { source, context, change } = await twoSites({}, NEW.subarray(0, 3 * MIB));
    await cutAfter(context, source, change, 2 * MIB);
    expect([context.staged(), offerOf(context, change)]).toEqual([[], null]);
  });

  test('starts again, and deletes its part, where the source changed', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 5 * MIB);
    const other = noise(SIZE, 2);
    fs.writeFileSync(source.at('f'), other);
    const changed = context.change('f', file(other));
    expect(offerOf(context, changed)).toBeNull();
    await cutAfter(context, source, changed, 2 * MIB);
    expect(context.staged()).toEqual([`${file(other).hash}.part`]);
    expect(await carry(context, source, changed)).toEqual({ kind: 'done', sent: SIZE - 2 * MIB });
    expect(fs.readFileSync(context.at('f')).equals(other)).toBe(true);
  });

  test('is sent again whole where the source changed unseen: the hash finds that', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 5 * MIB);
    fs.writeFileSync(source.at('f'), noise(SIZE, 2));
    expect(await carry(context, source, change)).toEqual({ kind: 'stale' });
    expect([context.tree(), context.staged(), offerOf(context, change)]).toEqual([{}, [], null]);
    fs.writeFileSync(source.at('f'), NEW);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE });
  });

  test('is sent again whole where its part is damaged', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 5 * MIB);
    const part = path.join(context.at('.lockstep/staging'), context.staged()[0]!);
    const fd = fs.openSync(part, 'r+');
    fs.writeSync(fd, Buffer.alloc(4096), 0, 4096, MIB);
    fs.closeSync(fd);
    expect(await carry(context, source, change)).toEqual({ kind: 'stale' });
    expect([context.staged(), await carry(context, source, change)]).toEqual([[], { kind: 'done', sent: SIZE }]);
  });

  test('just before the rename sends nothing again', async () => {
    const { source, context, change } = await twoSites({ f: Buffer.from('old') });
    const real = context.scanner.matches.bind(context.scanner);
    vi.spyOn(context.scanner, 'matches').mockReturnValueOnce(false);
    expect(await carry(context, source, change)).toEqual({ kind: 'stale' });
    context.scanner.matches = real;
    expect(offerOf(context, change)?.have).toBe(SIZE);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: 0 });
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
  });

  test('by an error at the source is resumed as well', async () => {
    const { source, context, change } = await twoSites();
    const failed = { kind: 'problem', code: 'unreadable', message: 'EIO' } as const;
    async function* failing(): AsyncGenerator<Content> {
      for (const piece of pieces(0, NEW.subarray(0, 2 * MIB), MIB)) yield { ...piece, last: false } as Content;
      yield { n: 0, failed };
    }
    expect(await context.outcomes([change], failing())).toEqual([failed]);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE - 2 * MIB });
  });

  test('takes the rest from the basis file', async () => {
    const old = Buffer.concat([noise(100, 7), NEW]);
    const { source, context, change } = await twoSites({ f: old });
    async function* cut() {
      for (const piece of pieces(0, NEW.subarray(0, 2 * MIB), MIB)) yield { ...piece, last: false } as Content;
      throw dead;
    }
    await expect(context.outcomes([change], cut())).rejects.toBe(dead);
    expect(offerOf(context, change)).toMatchObject({ have: 2 * MIB, base: { size: old.length } });
    const outcome = await carry(context, source, change);
    expect(outcome.kind === 'done' && outcome.sent < 4096).toBe(true);
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
  });
});

describe('a part', () => {
  test('is used by one transfer at a time', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 2 * MIB);
    const twin = { ...change, path: p('g') };
    let offered: Offer | null = null;
    async function* both() {
      for await (const piece of sending(source, change, offerOf(context, change))) {
        yield piece;
        offered ??= offerOf(context, twin);
      }
    }
    expect(await context.outcomes([change], both())).toEqual([{ kind: 'done', sent: SIZE - 2 * MIB }]);
    expect(offered).toBeNull();
    const twice = [
      context.outcomes([{ ...twin, path: p('g1') }], sending(source, change, null)),
      context.outcomes([{ ...twin, path: p('g2') }], sending(source, change, null)),
    ];
    expect((await Promise.all(twice)).flat().map(({ kind }) => kind)).toEqual(['done', 'done']);
    expect(context.staged()).toEqual([]);
  });

  test('that was offered and is gone makes the change stale', async () => {
    const { source, context, change } = await twoSites();
    expect(await context.outcomes([change], sending(source, change, { have: MIB, base: null }))).toEqual([
      { kind: 'stale' },
    ]);
    expect([context.tree(), context.staged()]).toEqual([{}, []]);
  });

  test('with more bytes than announced is deleted', async () => {
    const { context, change } = await twoSites();
    async function* endless(): AsyncGenerator<Content> {
      for (let n = 0; n < 40; n++) yield { n: 0, data: NEW.subarray(0, MIB), last: n === 39 };
    }
    expect(await context.outcomes([change], endless())).toEqual([{ kind: 'stale' }]);
    expect([context.tree(), context.staged()]).toEqual([{}, []]);
  });

  test.each([
    ['bad-message', 0],
    ['closed', 2],
    ['timeout', 2],
  ] as const)('of a sender that ends with %s is kept for the next transfer: %d MiB', async (code, mib) => {
    const { source, context, change } = await twoSites();
    const error = new SyncError(code, 'It sent more than it announced.');
    async function* lying(): AsyncGenerator<Content> {
      for (const piece of pieces(0, NEW.subarray(0, 2 * MIB), MIB)) yield { ...piece, last: false } as Content;
      throw error;
    }
    await expect(context.outcomes([change], lying())).rejects.toBe(error);
    expect([context.tree(), context.staged().length]).toEqual([{}, mib === 0 ? 0 : 1]);
    expect(offerOf(context, change)).toEqual(mib === 0 ? null : { have: mib * MIB, base: null });
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE - mib * MIB });
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
  });

  test('of a sender that lies about its second file leaves nothing of that, and the first in its place', async () => {
    const { context, change } = await twoSites();
    const first = context.change('first', file('one'));
    async function* lying(): AsyncGenerator<Content> {
      yield { n: 0, data: Buffer.from('one'), last: true };
      for (const piece of pieces(1, NEW.subarray(0, 5 * MIB), MIB)) yield { ...piece, last: false } as Content;
      throw new SyncError('bad-message', 'It sent more than it announced.');
    }
    await expect(context.outcomes([first, change], lying())).rejects.toMatchObject({ code: 'bad-message' });
    expect([context.tree(), context.staged(), offerOf(context, change)]).toEqual([{ first: 'one' }, [], null]);
  });

  test('is deleted on a full disk', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 2 * MIB);
    vi.spyOn(fs, 'writeSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const small = context.change('small', file('small'));
    const given = [{ n: 0, data: Buffer.from('small'), last: true }];
    expect(
      await context.outcomes(
        [small],
        (async function* () {
          yield* given;
        })(),
      ),
    ).toMatchObject([{ kind: 'problem', code: 'no-space' }]);
    expect(context.staged()).toEqual([]);
  });
});

test('a flush that fails while a content is being received makes it a problem, even if the last flush succeeds', async () => {
  const data = Buffer.alloc(66 * MIB, 'x');
  const context = await DiskSite.open();
  const spy = vi.spyOn(fs, 'fdatasync').mockImplementationOnce((_fd, tell) => {
    tell(Object.assign(new Error('EIO'), { code: 'EIO' }));
  });
  async function* coming(): AsyncGenerator<Content> {
    for (const piece of pieces(0, data, MIB)) yield piece;
  }
  expect(await context.outcomes([context.change('f', file(data))], coming())).toMatchObject([{ kind: 'problem' }]);
  expect([spy.mock.calls.length, context.tree(), context.staged()]).toEqual([1, {}, []]);
});

describe('a basis file', () => {
  test('replaces what is in it, and only sent bytes count', async () => {
    const old = Buffer.concat([noise(10, 3), NEW.subarray(0, 3 * MIB), noise(5000, 4), NEW.subarray(3 * MIB)]);
    const { source, context, change } = await twoSites({ f: old });
    const outcome = await carry(context, source, change);
    expect(outcome.kind === 'done' && outcome.sent < 8192).toBe(true);
    expect(fs.readFileSync(context.at('f')).equals(NEW)).toBe(true);
    expect(Object.values(context.kept())).toHaveLength(1);
  });

  test('whose checksums are cached tells those of the ranges that are asked for, and no others', async () => {
    const old = noise(SIZE, 9);
    const { context, change } = await twoSites({ f: old });
    const sums = coarseSums(SIZE)!;
    sums.update(old);
    rememberSums(file(old).hash, sums);
    const base = offerOf(context, change)!.base!;
    const block = coarseBlockBytes(SIZE);
    const all = { at: 0, bytes: SIZE };
    for (const ranges of [[all], [{ at: 0, bytes: 2 * block }], [{ at: block, bytes: SIZE - block }], [all, all]]) {
      const parts = ranges.map(({ at, bytes }) => old.subarray(at, at + bytes));
      expect(await base.sums(block, ranges)).toEqual(
        Uint32Array.from(parts.flatMap((part) => [...sumsOf(part, block)])),
      );
    }
    expect(await base.sums(block / 2, [all])).toEqual(sumsOf(old, block / 2));
  });

  test('that changes while it is compared makes the change stale, and nothing is mixed', async () => {
    const { source, context, change } = await twoSites({ f: Buffer.concat([NEW, noise(9, 3)]) });
    async function* meanwhile() {
      for await (const piece of sending(source, change, offerOf(context, change))) {
        fs.writeFileSync(context.at('f'), 'saved by a user');
        yield piece;
      }
    }
    expect(await context.outcomes([change], meanwhile())).toEqual([{ kind: 'stale' }]);
    expect(context.tree()).toEqual({ f: 'saved by a user' });
  });

  test('with wrong checksums is found by the hash; the next transfer sends everything', async () => {
    const old = noise(SIZE, 9);
    const { source, context, change } = await twoSites({ f: old });
    const offer = offerOf(context, change)!;
    const lying: Offer = {
      have: 0,
      base: {
        size: SIZE,
        hash: 'unknown',
        sums: (...asked) => offerOf(source, source.change('f', file('x'.repeat(SIZE))))!.base!.sums(...asked),
      },
    };
    expect(offer.base?.size).toBe(SIZE);
    expect(await context.outcomes([change], sending(source, change, lying))).toEqual([{ kind: 'stale' }]);
    expect(fs.readFileSync(context.at('f')).equals(old)).toBe(true);
    expect([context.staged(), offerOf(context, change)]).toEqual([[], null]);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE });
  });

  const REST = NEW.subarray(MIB, 5 * MIB);
  test.runIf(process.platform === 'linux').each<[it: string, then: Content | Error, kind: string]>([
    ['in the new content', { n: 0, data: REST, last: true }, 'done'],
    ['in a content that is another one', { n: 0, data: Buffer.from('x'), last: true }, 'stale'],
    ['in a content that the source no longer has', { n: 0, failed: { kind: 'stale' } }, 'stale'],
    ['in a content that is cut', dead, 'cut'],
  ])('is closed when its bytes are %s', async (_, then, kind) => {
    const { context, change } = await twoSites({ f: NEW.subarray(0, MIB) }, NEW.subarray(0, 5 * MIB));
    let open: string[] = [];
    async function* copied(): AsyncGenerator<Content> {
      yield { n: 0, copy: { at: 0, bytes: MIB }, last: false };
      open = context.openFiles();
      if (then instanceof Error) throw then;
      yield then;
    }
    const outcomes = await context.outcomes([change], copied()).catch(() => [{ kind: 'cut' }]);
    expect([outcomes[0]!.kind, open.includes('f'), context.openFiles()]).toEqual([kind, true, []]);
  });

  test('is not read outside of its bounds', async () => {
    const { source, context, change } = await twoSites({ f: NEW });
    async function* beyond(): AsyncGenerator<Content> {
      yield { n: 0, copy: { at: SIZE - 10, bytes: SIZE }, last: true };
    }
    expect(source.staged()).toEqual([]);
    expect(await context.outcomes([change], beyond())).toEqual([{ kind: 'stale' }]);
    expect(context.staged()).toEqual([]);
  });
});

test('an interrupted held update is resumed as well', async () => {
  const { source, context, change } = await twoSites();
  const held = new HeldFiles(own(context.at('.lockstep/held')), context.staging, context.versions);
  const after = change.after as FileEntry;
  await expect(held.save(p('f'), 1, after, sending(source, change, null, 3 * MIB))).rejects.toThrow('cannot be held');
  const offer = held.offer(after);
  expect(offer).toEqual({ have: 3 * MIB, base: null });
  expect(await held.save(p('f'), 2, after, sending(source, change, offer))).toBe('f (held 2)');
  expect(fs.readFileSync(context.at('.lockstep/held/f (held 2)')).equals(NEW)).toBe(true);
  expect(context.staged()).toEqual([]);
});

describe('what is left in staging', () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const name = (n: number) => `${n.toString(16).padStart(64, '0')}.part`;

  function stagingWith(files: Record<string, [bytes: number, days: number]>): string {
    const root = makeRoot('staging');
    put(root, Object.fromEntries(Object.entries(files).map(([at, [bytes]]) => [at, Buffer.alloc(bytes)])));
    const now = Date.now();
    for (const [at, [, days]] of Object.entries(files)) {
      fs.utimesSync(path.join(root, at), now / 1000, (now - days * DAY_MS) / 1000);
    }
    return root;
  }

  test.each<[string, Record<string, [number, number]>, string[]]>([
    ['recent parts stay', { [name(1)]: [MIB, 0], [name(2)]: [2 * MIB, 1.9] }, [name(1), name(2)]],
    ['old ones go', { [name(1)]: [MIB, 2.1] }, []],
    ['short ones go', { [name(1)]: [MIB - 1, 0] }, []],
    [
      'of many the last stay',
      Object.fromEntries(Array.from({ length: 20 }, (_, n) => [name(n), [MIB, n / 10]])),
      Array.from({ length: 16 }, (_, n) => name(n)),
    ],
  ])('%s', (_, files, left) => {
    const root = stagingWith(files);
    tidyPartials(own(root), Date.now());
    expect(fs.readdirSync(root).sort()).toEqual(left.sort());
    removeRoot(root);
  });

  test.each<[string, number, Record<string, number>]>([
    ['all that fit stay', 95, { [name(1)]: 5, [name(2)]: 10, [name(3)]: 7 }],
    ['the oldest one goes', 55, { [name(1)]: 5, [name(2)]: 10 }],
    ['of one that is over it the beginning stays', 38, { [name(1)]: 5, [name(2)]: 7 }],
    ['one that is over it alone is cut', -2, { [name(1)]: 4 }],
    ['on a full disk none stay', -22, {}],
  ])('has a budget: %s', (_, free, left) => {
    const root = stagingWith({ [name(1)]: [5 * MIB, 0], [name(2)]: [10 * MIB, 0.5], [name(3)]: [7 * MIB, 1] });
    // A fifth of the free space, including the 22 MiB of the parts.
    tidyPartials(own(root), Date.now(), null, () => free * MIB);
    const sizes = fs.readdirSync(root).map((at) => [at, fs.statSync(path.join(root, at)).size / MIB]);
    expect(Object.fromEntries(sizes)).toEqual(left);
    removeRoot(root);
  });

  test.each(['found so', 'swapped when it is opened'])(
    'SCENARIO 40: one with a second name is not cut there: %s',
    (when) => {
      const root = stagingWith({ [name(1)]: [5 * MIB, 0] });
      const outside = makeRoot('outside');
      const theirs = path.join(outside, 'theirs');
      fs.writeFileSync(theirs, Buffer.alloc(5 * MIB));
      const swap = () => {
        fs.rmSync(path.join(root, name(1)));
        fs.linkSync(theirs, path.join(root, name(1)));
      };
      if (when === 'found so') swap();
      const real = fs.openSync;
      vi.spyOn(fs, 'openSync').mockImplementation((at, flags, mode) => {
        if (when !== 'found so' && String(at).endsWith('.part')) swap();
        return real(at, flags, mode);
      });
      tidyPartials(own(root), Date.now(), null, () => 0);
      expect(fs.statSync(theirs).size).toBe(5 * MIB);
      for (const made of [root, outside]) removeRoot(made);
    },
  );

  test('is tidied when another transfer begins', async () => {
    const { source, context, change } = await twoSites();
    const old = path.join(context.at('.lockstep/staging'), name(9));
    fs.writeFileSync(old, Buffer.alloc(MIB));
    fs.utimesSync(old, 1, 1);
    await cutAfter(context, source, change, 2 * MIB);
    expect(fs.existsSync(old)).toBe(false);
    expect(context.staged()).toEqual([`${file(NEW).hash}.part`]);
  });

  test('is kept over a restart, where it can be resumed', async () => {
    const { source, context, change } = await twoSites();
    await cutAfter(context, source, change, 2 * MIB);
    fs.writeFileSync(path.join(context.at('.lockstep/staging'), '1-1'), 'half');
    await turn();
    fs.rmSync(context.at('.lockstep/server.json'));
    openStateDirectory(context.root).release();
    expect(context.staged()).toEqual([`${file(NEW).hash}.part`]);
    expect(await carry(context, source, change)).toEqual({ kind: 'done', sent: SIZE - 2 * MIB });
  });
});

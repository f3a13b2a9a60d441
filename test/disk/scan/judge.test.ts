// What is decided about each difference of a survey, and when: the survey is told, and time is played.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import type { Digest } from '../../../src/disk/fs/digest.js';
import type { DigestQueue } from '../../../src/disk/fs/digest-queue.js';
import {
  type FileSignature,
  fileSignature,
  type StatSignature,
  statSignature,
} from '../../../src/disk/fs/signature.js';
import type { ScanContext } from '../../../src/disk/scan/context.js';
import { type Findings, Judge } from '../../../src/disk/scan/judge.js';
import { Problems } from '../../../src/disk/scan/problems.js';
import { Survey } from '../../../src/disk/scan/survey.js';
import { Unsettled } from '../../../src/disk/scan/unsettled.js';
import { dir, file, p } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

const LARGE = 300_000;
const HASH = '0'.repeat(64);

let root: string;
let now: number;
let told: string[];
let context: ScanContext;
let survey: Survey;
let ready: Map<RelPath, Digest>;

const at = (name: string) => path.join(root, name);

beforeEach(() => {
  root = makeRoot('judge');
  put(root, { f: 'content', empty: '', l: { link: 'f' } });
  // Long after the files were written.
  now = Date.now() + 100_000;
  told = [];
  ready = new Map();
  context = {
    root: { path: root },
    snapshot: new Snapshot(),
    directories: { doubt: (at: string) => void told.push(`doubt ${at}`) },
    unsettled: new Unsettled(),
    problems: new Problems(),
    damage: {
      judge: (at: string, seen: FileSignature | null, _: fs.Stats, hash: string) =>
        void told.push(`damage ${at} ${seen?.hash.slice(0, 1) ?? '-'} ${hash.slice(0, 1)}`),
    },
    now: () => now,
    absolute: (at: string) => (at === '' ? root : `${root}/${at}`),
    reported: () => 0o600,
  } as unknown as ScanContext;
  survey = new Survey(context);
});
afterEach(() => removeRoot(root));

const digests = {
  take: (at: RelPath) => {
    const digest = ready.get(at) ?? null;
    ready.delete(at);
    return digest;
  },
  start: (at: string, absolute: string, isOverdue: boolean) =>
    void told.push(`read ${at} ${absolute === `${root}/${at}`} ${isOverdue}`),
} as unknown as DigestQueue;

const judged = (isGone = false): Promise<Findings> => new Judge(context, survey, digests, isGone).findings();
const stats = (name: string, more: Partial<StatSignature> = {}): StatSignature => ({
  ...statSignature(fs.lstatSync(at(name))),
  ...more,
});
const change = (name: string, more: Partial<StatSignature> = {}) => void survey.changed.set(p(name), stats(name, more));
const wait = (name: string) => context.unsettled.get(p(name));
const known = (name: string, more: Partial<FileSignature> = {}): FileSignature => {
  const entry = { ...fileSignature(fs.lstatSync(at(name)), HASH, now), ...more };
  context.snapshot.put(p(name), entry);
  return context.snapshot.get(p(name)) as unknown as FileSignature;
};
const problems = () => context.problems.list().map(({ path: where, code }) => `${where} ${code}`);

describe('a small file', () => {
  it('is read at once, and waits for nothing more', async () => {
    change('f');
    context.unsettled.hold(p('f'), 'moving', { now, due: now, ino: 1, size: 1 });
    context.problems.add(p('f'), 'unreadable', 'earlier');
    ready.set(p('f'), { kind: 'moving' });
    const found = await judged();
    expect([...found]).toEqual([
      ['f', expect.objectContaining({ hash: file('content').hash, size: 7, mode: 0o600, racy: false })],
    ]);
    expect([wait('f'), problems(), ready.size, survey.changed.size, told]).toEqual([
      null,
      [],
      0,
      0,
      [`damage f - ${file('content').hash.slice(0, 1)}`],
    ]);
  });

  it.each<[it: string, before: 'none' | 'empty' | 'full' | 'dir', ageMs: number, isHeld: boolean]>([
    ['new', 'none', 49, true],
    ['in the place of a directory', 'dir', 49, true],
    ['after it had content', 'full', 49, true],
    ['as it was before', 'empty', 0, false],
    ['for a while', 'full', 50, false],
  ])('that is empty, %s, is probably about to be filled', async (_, before, ageMs, isHeld) => {
    if (before === 'dir') context.snapshot.put(p('empty'), dir());
    else if (before !== 'none') known('empty', { size: before === 'full' ? 1 : 0 });
    const { ctimeMs } = stats('empty');
    now = ctimeMs + ageMs;
    change('empty');
    expect((await judged()).has(p('empty'))).toBe(!isHeld);
    expect(wait('empty')).toEqual(
      isHeld ? expect.objectContaining({ kind: 'moving', since: now, due: ctimeMs + 50, size: 0 }) : null,
    );
  });

  it.each<[ms: number, kind: 'moving' | 'absent', isRead: boolean]>([
    [9_999, 'moving', false],
    [10_000, 'moving', true],
    [10_000, 'absent', false],
  ])('that has been unsettled for %i ms (%s) is read as it is: %s', async (ms, kind, isRead) => {
    known('empty', { size: 1 });
    now = stats('empty').ctimeMs + 1;
    if (kind === 'absent') context.unsettled.miss(p('empty'), now - ms, 9, 1);
    else context.unsettled.hold(p('empty'), kind, { now: now - ms, due: now, ino: 9, size: 1 });
    change('empty');
    expect((await judged()).has(p('empty'))).toBe(isRead);
  });

  it('that cannot be read is a problem, and one that is another by now is read again', async () => {
    // A name that no disk takes.
    const bad = 'x'.repeat(300);
    survey.changed.set(p(bad), stats('f'));
    change('f', { ino: 1 });
    context.unsettled.hold(p(bad), 'moving', { now, due: now, ino: 1, size: 1 });
    expect([...(await judged())]).toEqual([]);
    expect([problems(), wait(bad)]).toEqual([[`${bad} unreadable`], null]);
    expect(wait('f')).toMatchObject({ kind: 'moving', tries: 1, due: now + 20, ino: 1, size: 7 });
  });

  it.each<[it: string, more: Partial<FileSignature>, mode: number, mtime: 'known' | 'disk']>([
    ['its time where that is as it was', { hash: file('content').hash, mtime: 77 }, 0o751, 'known'],
    [
      'its time, not its bits where these may be others',
      { hash: file('content').hash, mtime: 77, ctimeMs: 1 },
      0o600,
      'known',
    ],
    ['nothing where the time on disk is another', { hash: file('content').hash, mtime: 77, mtimeMs: 1 }, 0o600, 'disk'],
    ['nothing where the content is another', { mtime: 77 }, 0o600, 'disk'],
  ])('keeps of what was reported %s', async (_, more, mode, mtime) => {
    known('f', { mode: 0o751, ...more });
    change('f');
    const found = (await judged()).get(p('f'));
    expect(found).toMatchObject({
      mode,
      mtime: mtime === 'known' ? 77 : Math.round(fs.lstatSync(at('f')).mtimeMs * 1000),
    });
    expect(told).toEqual([`damage f ${more.hash?.slice(0, 1) ?? '0'} ${file('content').hash.slice(0, 1)}`]);
  });
});

it('a file in the place of a directory is judged without a state before', async () => {
  context.snapshot.put(p('f'), dir());
  change('f');
  await judged();
  expect(told).toEqual([`damage f - ${file('content').hash.slice(0, 1)}`]);
});

describe('a large file', () => {
  const digest = (kind: 'read' | 'beginning', more: object = {}, age = 0): Digest =>
    ({ kind, hash: HASH, at: now - age, stats: Object.assign(fs.lstatSync(at('f')), { size: LARGE }, more) }) as Digest;

  it.each<[it: string, digest: () => Digest | null, isFound: boolean, again: boolean]>([
    ['is read in the background', () => null, false, false],
    ['that was read is known', () => digest('read'), true, false],
    ['that was read as another one is read again', () => digest('read', { mtimeMs: 1 }), false, false],
    ['of which the beginning was read is known, and looked at again', () => digest('beginning', {}, 9_999), true, true],
    ['that has grown since is known by its beginning', () => digest('beginning', { size: LARGE - 1 }), true, true],
    ['that is shorter than its beginning is read again', () => digest('beginning', { size: LARGE + 1 }), false, false],
    ['of which the beginning was read long ago is read again', () => digest('beginning', {}, 10_000), false, false],
  ])('%s', async (_, made, isFound, again) => {
    const one = made();
    if (one !== null) ready.set(p('f'), one);
    change('f', { size: LARGE });
    expect((await judged()).has(p('f'))).toBe(isFound);
    expect([...survey.again]).toEqual(again ? ['f'] : []);
    expect(told).toEqual([isFound ? 'damage f - 0' : 'read f true false']);
    expect(wait('f')).toEqual(
      isFound
        ? null
        : expect.objectContaining({ kind: 'reading', since: now, due: Number.POSITIVE_INFINITY, size: LARGE }),
    );
  });

  it('is read as it is where it never settles', async () => {
    context.unsettled.hold(p('f'), 'moving', { now: now - 10_000, due: now, ino: 9, size: 1 });
    change('f', { size: LARGE });
    await judged();
    expect(told).toEqual(['read f true true']);
  });

  it('of exactly 256 KiB is small', async () => {
    fs.truncateSync(at('f'), 256 * 1024);
    change('f');
    expect((await judged()).has(p('f'))).toBe(true);
  });

  it('that failed, or changed meanwhile, is a problem, or tried again', async () => {
    put(root, { g: 'g' });
    ready.set(p('f'), { kind: 'failed', error: Object.assign(new Error('EIO'), { code: 'EIO' }) });
    ready.set(p('g'), { kind: 'moving' });
    change('f', { size: LARGE });
    change('g', { size: LARGE });
    expect([...(await judged())]).toEqual([]);
    expect([problems(), wait('g')]).toEqual([['f unreadable'], expect.objectContaining({ kind: 'moving', tries: 1 })]);
  });
});

describe('a file in a directory that was moved', () => {
  const moved = (more: Partial<FileSignature> = {}, name = 'old/f', former = 'old') => {
    const entry = { ...fileSignature(fs.lstatSync(at('f')), HASH, now), ...more };
    context.snapshot.put(p('old'), dir());
    context.snapshot.put(p(name), entry);
    if (former !== '') survey.former.set(p('new'), p(former));
    survey.changed.set(p('new/f'), stats('f'));
  };

  it.each<[it: string, act: () => void, isKnown: boolean]>([
    ['is known, and not read', () => moved(), true],
    ['is read where it may have changed unseen', () => moved({ racy: true }), false],
    ['is read where it has changed', () => moved({ ctimeMs: 1 }), false],
    ['is read where it is new there', () => moved({}, 'old/g'), false],
    ['is read where no directory was moved', () => moved({}, 'old/f', ''), false],
  ])('%s', async (_, act, isKnown) => {
    act();
    context.unsettled.hold(p('new/f'), 'moving', { now, due: now, ino: 1, size: 1 });
    const found = await judged();
    // There is no such file here: what is to be read is tried again.
    expect(found.get(p('new/f'))).toEqual(isKnown ? expect.objectContaining({ hash: HASH }) : undefined);
    expect(wait('new/f')?.tries ?? null).toBe(isKnown ? null : 1);
  });

  it('that cannot be read is kept with all below, as it was', async () => {
    for (const [name, entry] of [
      ['old', dir()],
      ['old/d', dir(0o700)],
      ['old/d/f', file('x')],
    ] as const)
      context.snapshot.put(p(name), entry as Entry);
    survey.former.set(p('new'), p('old'));
    survey.former.set(p('file'), p('f'));
    for (const name of ['new', 'file', 'unknown']) survey.unreadable.add(p(name));
    context.snapshot.put(p('f'), file('f'));
    expect([...(await judged())].map(([name, entry]) => [name, entry?.type])).toEqual([
      ['new/d', 'dir'],
      ['new/d/f', 'file'],
    ]);
  });
});

describe('what is no file', () => {
  it('is a link that is read, or scanned again, or bad', async () => {
    fs.symlinkSync('..', at('out'));
    change('l');
    change('out');
    survey.changed.set(p('gone'), stats('l'));
    expect([...(await judged())]).toEqual([['l', { type: 'symlink', target: 'f', mtime: expect.any(Number) }]]);
    expect([problems(), [...survey.again]]).toEqual([['out bad-link'], ['gone']]);
  });

  it('is a problem where it does not travel, and is waited for no longer', async () => {
    context.unsettled.hold(p('f'), 'moving', { now, due: now, ino: 1, size: 1 });
    change('f', { kind: 'pipe' });
    await judged();
    expect([problems(), wait('f')]).toEqual([['f unsupported-type'], null]);
  });

  it('is a directory, parents before children', async () => {
    for (const name of ['b/c', 'b', 'a']) survey.dirs.set(p(name), dir());
    expect([...(await judged()).keys()]).toEqual(['a', 'b', 'b/c']);
  });
});

describe('what is absent', () => {
  const lose = (name: string, entry: Entry = { ...file('x'), ino: 5 } as Entry) => {
    context.snapshot.put(p(name), entry);
    survey.absent.add(p(name));
  };

  it('and was never known is nothing', async () => {
    survey.absent.add(p('x'));
    expect([[...(await judged())], wait('x')]).toEqual([[], null]);
  });

  it('is deleted when it has lasted', async () => {
    lose('x');
    const start = now;
    expect([...(await judged())]).toEqual([]);
    expect([told, wait('x')]).toEqual([
      [],
      expect.objectContaining({ kind: 'absent', since: start, due: start + 25, ino: 5, files: 1 }),
    ]);
    now = start + 24;
    expect([...(await judged())]).toEqual([]);
    now = start + 25;
    expect([...(await judged())]).toEqual([['x', null]]);
  });

  it('counts with all its files, and is read again when it is back', async () => {
    for (const name of ['d/a', 'd/e/b', 'd/e/c']) context.snapshot.put(p(name), { ...file('x'), ino: 5 } as Entry);
    survey.absent.add(p('d'));
    await judged();
    expect([told, wait('d')]).toEqual([['doubt d'], expect.objectContaining({ ino: 0, files: 3 })]);
  });

  it.each([
    ['confirmed', true, false],
    ['its directory was moved', false, true],
  ])('is deleted at once where that is known: %s', async (_, isGone, hasLeft) => {
    lose('d/x');
    if (hasLeft) survey.left.add(p('d'));
    expect([...(await judged(isGone))]).toEqual([['d/x', null]]);
  });

  it('and is back when that is judged is scanned again, later each time, but within a second', async () => {
    const start = now;
    lose('f');
    await judged();
    for (const [ms, pause] of [
      [25, 25],
      [400, 400],
      [5_000, 1_000],
    ] as const) {
      now = start + ms;
      survey.again.clear();
      expect([[...(await judged())], [...survey.again], wait('f')?.due]).toEqual([[], ['f'], now + pause]);
      // Whatever it waits for, another look finds the same.
      context.unsettled.postpone(p('f'), now);
    }
  });

  it('waits until it is due', async () => {
    lose('x');
    await judged();
    context.unsettled.postpone(p('x'), now + 500);
    now += 499;
    expect([[...(await judged())], wait('x')?.due]).toEqual([[], now + 1]);
    now += 1;
    expect([...(await judged())]).toEqual([['x', null]]);
  });

  it('and found again keeps what was found', async () => {
    lose('f');
    await judged();
    change('f');
    now += 100;
    expect((await judged()).get(p('f'))).toMatchObject({ type: 'file' });
  });

  it('is deleted together with the file that it became', async () => {
    lose('x', { ...file('content'), ino: stats('f').ino } as Entry);
    context.snapshot.put(p('f'), file('older'));
    change('f');
    expect([...(await judged())].map(([name, entry]) => [name, entry?.type ?? null])).toEqual([
      ['f', 'file'],
      ['x', null],
    ]);
  });

  it('waits for the file that it is about to become', async () => {
    lose('x');
    const start = now;
    await judged();
    context.unsettled.hold(p('y'), 'moving', { now, due: now + 500, ino: 5, size: 1 });
    now = start + 60;
    expect([[...(await judged())], [...survey.again], wait('x')?.due]).toEqual([[], [], now + 60]);
    context.unsettled.release(p('y'));
    now += 60;
    expect([...(await judged())]).toEqual([['x', null]]);
  });

  it('or not, as nobody can tell, is asked about later', async () => {
    const bad = 'x'.repeat(300);
    lose(bad);
    await judged();
    now += 100;
    expect([[...(await judged())], [...survey.again], wait(bad)?.due]).toEqual([[], [], now + 100]);
  });

  it('of which no inode is known waits for none', async () => {
    lose('d', dir());
    await judged();
    context.unsettled.hold(p('y'), 'moving', { now, due: now + 500, ino: 0, size: 1 });
    now += 60;
    expect([...(await judged())]).toEqual([['d', null]]);
  });

  it('keeps the file that it became from being told earlier', async () => {
    lose('x', { ...file('content'), ino: stats('f').ino } as Entry);
    const start = now;
    change('f');
    expect([...(await judged())]).toEqual([]);
    expect(wait('f')).toMatchObject({ kind: 'moving', due: start + 25 });
    now = start + 25;
    change('f');
    expect([...(await judged())].map(([name]) => name)).toEqual(['f', 'x']);
  });
});

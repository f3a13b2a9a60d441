import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { DEFAULT_VERSION_LIMITS, type VersionLimits, VersionPruner } from '../../../src/disk/versions/pruning.js';
import { VersionRecords } from '../../../src/disk/versions/records.js';
import { Versions } from '../../../src/disk/versions/versions.js';
import { silent } from '../../../src/log.js';
import { own, turn } from '../../support/disk-site.js';
import { makeRoot, put, readTree, removeRoot } from '../../support/trees.js';

const DAY = 24 * 60 * 60 * 1000;
const NOON = new Date(2026, 10, 21, 12, 0, 0).getTime();
const ALL: VersionLimits = { keepMs: 30 * DAY, share: 1 };
const DELETED = { reason: 'deleted', hash: null } as const;
const p = (text: string) => text as RelPath;

let root: string;
let kept: string;
let records: VersionRecords;
let now: number;
beforeEach(() => {
  root = makeRoot('pruning');
  kept = path.join(root, 'versions');
  fs.mkdirSync(kept);
  records = new VersionRecords(path.join(root, 'versions.log'));
  now = NOON;
});
afterEach(async () => {
  await records.close();
  removeRoot(root);
});

/** Moves `content` of `file` to versions/ at the present time. */
function version(file: string, content: string): void {
  put(root, { incoming: content });
  const versions = new Versions(own(kept), () => now);
  versions.onKept = (name, note) => records.add(name, note);
  versions.take(p(file), path.join(root, 'incoming'), fs.lstatSync(path.join(root, 'incoming')));
}

/** A disk of `bytes`, and these limits. */
function pruning(limits: VersionLimits, bytes = 1e9): VersionPruner {
  const statfs = async () => ({ blocks: bytes, bsize: 1 });
  return new VersionPruner({ directory: own(kept), records, limits, log: silent, now: () => now, statfs });
}

const contents = () =>
  fs
    .readdirSync(kept, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .sort();

describe('pruning', () => {
  test('removes what is too old, and the directories that become empty', async () => {
    version('d/e/x.txt', 'old');
    now += 20 * DAY;
    version('d/y.txt', 'young');
    now += 10 * DAY + 1;
    await pruning(ALL).prune();
    expect(contents()).toEqual(['young']);
    expect(fs.readdirSync(path.join(kept, 'd'))).toHaveLength(1);
    expect([...records.all()]).toHaveLength(1);
    now += 30 * DAY;
    await pruning(ALL).prune();
    expect(readTree(kept)).toEqual({});
  });

  test('removes the oldest versions beyond the share, of whatever file', async () => {
    for (const [file, content] of [
      ['b', '1111'],
      ['a', '2222'],
      ['d/b', '3333'],
      ['a', '4444'],
    ] as const) {
      version(file, content);
      now += 1000;
    }
    await pruning({ keepMs: ALL.keepMs, share: 0.2 }, 45).prune();
    expect(contents()).toEqual(['3333', '4444']);
    await pruning({ keepMs: ALL.keepMs, share: 0.2 }, 19).prune();
    expect(contents()).toEqual([]);
  });

  test('uses the names where the record is lost, also within one second', async () => {
    for (const content of ['1', '2', '3']) version('x.txt', content);
    for (const name of [...records.all()]) records.remove(name);
    await pruning({ keepMs: ALL.keepMs, share: 1 }, 2).prune();
    expect(contents()).toEqual(['2', '3']);
    now += 31 * DAY;
    await pruning(ALL).prune();
    expect(contents()).toEqual([]);
  });

  test('keeps what was put there by hand until it is old itself', async () => {
    put(kept, { 'mine.txt': 'mine' });
    fs.utimesSync(path.join(kept, 'mine.txt'), 1, 1);
    now = Date.now();
    await pruning(ALL).prune();
    expect(contents()).toEqual(['mine']);
  });

  test('deletes the record of a file that a person removed', async () => {
    version('x.txt', '1');
    fs.rmSync(kept, { recursive: true });
    fs.mkdirSync(kept);
    now += 1;
    await pruning(ALL).prune();
    expect([...records.all()]).toEqual([]);
  });

  test('never follows a link out of versions/', async () => {
    put(root, { outside: { 'x (2000-01-01 00-00-00).txt': 'precious' } });
    fs.symlinkSync(path.join(root, 'outside'), path.join(kept, 'd'));
    await pruning({ keepMs: 1, share: 0.2 }, 1).prune();
    expect(readTree(path.join(root, 'outside'))).toEqual({ 'x (2000-01-01 00-00-00).txt': 'precious' });
  });

  test('a disk error is a warning, and nothing is removed', async () => {
    version('x.txt', '1');
    const warnings: string[] = [];
    const log = { ...silent, warn: (text: string) => void warnings.push(text) };
    const statfs = () => Promise.reject(new Error('EIO'));
    await new VersionPruner({ directory: own(kept), records, limits: ALL, log, now: () => now, statfs }).prune();
    expect(warnings).toEqual([expect.stringContaining('EIO')]);
    expect(contents()).toEqual(['1']);
  });

  test('overlapping calls share one run', async () => {
    let asked = 0;
    const statfs = async () => {
      asked++;
      return { blocks: 1, bsize: 1 };
    };
    const one = new VersionPruner({ directory: own(kept), records, limits: ALL, log: silent, now: () => now, statfs });
    await Promise.all([one.prune(), one.prune()]);
    expect(asked).toBe(1);
    await one.close();
  });
});

test('what comes after it was counted is not removed with what was counted', async () => {
  version('x', 'old');
  const one = pruning(ALL);
  const counted = await one.removeOlder(0, true);
  now += 1000;
  version('y', 'new');
  expect(await one.removeOlder(0, false, counted.before)).toEqual(counted);
  expect(contents()).toEqual(['new']);
  await one.close();
});

test('a sparse version counts with its space on disk', async () => {
  version('x', 'first');
  now += 1000;
  version('sparse', 'second');
  const [sparse] = fs.readdirSync(kept).filter((name) => name.startsWith('sparse'));
  fs.truncateSync(path.join(kept, sparse!), 2 ** 30);
  await pruning({ ...ALL, share: 0.5 }, 2 ** 20).prune();
  expect(fs.readdirSync(kept)).toHaveLength(2);
});

test('a full disk prunes at once, but not repeatedly', async () => {
  version('x', 'old');
  now += 31 * DAY;
  const ended: (() => void)[] = [];
  let runs = 0;
  const statfs = async () => {
    runs++;
    return { blocks: 1e9, bsize: 1 };
  };
  const log = { ...silent, detail: () => ended.pop()?.() };
  const at = new VersionPruner({ directory: own(kept), records, limits: ALL, log, now: () => now, statfs });
  const removed = new Promise<void>((resolve) => ended.push(resolve));
  at.hurry();
  await removed;
  expect(contents()).toEqual([]);
  await at.prune();
  now += 9_000;
  at.hurry();
  expect(runs).toBe(1);
  now += 1_000;
  at.hurry();
  expect(runs).toBe(2);
  await at.prune();
  expect(runs).toBe(2);
  await at.close();
});

test('a version that exceeds the share is followed by a run a second later, once, however many come', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const one = pruning({ ...ALL, share: 0.5 }, 20);
  const pruned = vi.spyOn(one, 'prune');
  one.grew(p('before it was counted'), 100);
  version('x', '12345');
  await one.prune();
  const come = (content: string) => {
    now += 1000;
    version('x', content);
    one.grew(p('x'), content.length);
  };
  pruned.mockClear();
  come('67890');
  vi.advanceTimersByTime(1_000);
  expect(pruned).not.toHaveBeenCalled();
  come('a');
  vi.advanceTimersByTime(999);
  come('b');
  vi.advanceTimersByTime(999);
  expect(pruned).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(pruned).toHaveBeenCalledTimes(1);
  await pruned.mock.results[0]!.value;
  expect(contents()).toEqual(['67890', 'a', 'b']);
  expect(await one.usage()).toEqual({ files: 3, bytes: 7 });
  await one.close();
});

test('versions are pruned soon after the start, and then every hour until it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const one = pruning(ALL);
  const pruned = vi.spyOn(one, 'prune');
  one.start();
  for (const [n, ms] of [10_000, 3_600_000, 3_600_000].entries()) {
    vi.advanceTimersByTime(ms - 1);
    expect(pruned).toHaveBeenCalledTimes(n);
    vi.advanceTimersByTime(1);
    expect(pruned).toHaveBeenCalledTimes(n + 1);
    await pruned.mock.results[n]!.value;
  }
  await one.close();
  vi.advanceTimersByTime(36_000_000);
  expect(pruned).toHaveBeenCalledTimes(3);
});

test('of a directory with very many versions each one counts once', async () => {
  for (let n = 0; n < 70; n++) version(`d/f${n}`, '12');
  const one = pruning(ALL);
  expect(await one.usage()).toEqual({ files: 70, bytes: 140 });
  expect(await one.removeOlder(0, true)).toMatchObject({ files: 70, bytes: 140 });
  await one.close();
});

test('by default a version is kept for 30 days', async () => {
  expect(DEFAULT_VERSION_LIMITS).toEqual({ keepMs: 2_592_000_000, share: 0.2 });
  version('x', 'old');
  now += 30 * DAY;
  await pruning(DEFAULT_VERSION_LIMITS).prune();
  expect(contents()).toEqual(['old']);
  now += 1;
  await pruning(DEFAULT_VERSION_LIMITS).prune();
  expect(contents()).toEqual([]);
});

test('the share is that of all blocks of the disk', async () => {
  for (const content of ['1111', '2222']) {
    version('x', content);
    now += 1000;
  }
  const statfs = async () => ({ blocks: 4, bsize: 4 });
  const limits = { keepMs: ALL.keepMs, share: 0.25 };
  await new VersionPruner({ directory: own(kept), records, limits, log: silent, now: () => now, statfs }).prune();
  expect(contents()).toEqual(['2222']);
});

test('without a time in its name and without a record a version is older than the first one of that time', async () => {
  put(kept, { 'z.txt': 'plain', 'x (2026-11-21 12-00-00).txt': 'named' });
  for (const name of fs.readdirSync(kept)) records.add(p(name), { of: p('x'), replaced: NOON, ...DELETED });
  await pruning({ keepMs: ALL.keepMs, share: 1 }, 5).prune();
  expect(contents()).toEqual(['named']);
});

test('of versions of one time and number the first path goes first', async () => {
  for (const file of ['b', 'c', 'a']) version(`${file}/x`, file);
  for (const left of [['b', 'c'], ['c'], []]) {
    await pruning({ keepMs: ALL.keepMs, share: 1 }, left.length).prune();
    expect(contents()).toEqual(left);
  }
});

test.each([
  ['found', true],
  ['not found', false],
])('what comes while everything is counted counts once, when it is %s', async (_, isFound) => {
  version('x', 'four');
  const one = pruning(ALL);
  const come = (file: string) => {
    version(file, '123');
    one.grew(p(fs.readdirSync(kept).find((name) => name.startsWith(file))!), 3);
  };
  const { readdir } = fs.promises;
  vi.spyOn(fs.promises, 'readdir').mockImplementationOnce((async (...args: Parameters<typeof readdir>) => {
    await turn();
    if (isFound) come('z');
    const entries = await readdir(...args);
    if (!isFound) come('z');
    return entries;
  }) as unknown as typeof readdir);
  expect(await one.usage()).toEqual({ files: 2, bytes: 7 });
  come('y');
  expect(await one.usage()).toEqual({ files: 3, bytes: 10 });
  await one.close();
});

test('a version that is gone before it is removed is no error, and it counts no more', async () => {
  for (const file of ['x', 'y']) version(file, '123');
  now += 31 * DAY;
  const warnings: string[] = [];
  const log = { ...silent, warn: (text: string) => void warnings.push(text) };
  const one = new VersionPruner({ directory: own(kept), records, limits: ALL, log, now: () => now });
  const rm = fs.rmSync;
  vi.spyOn(fs, 'rmSync').mockImplementationOnce((absolute, options) => {
    rm(absolute);
    rm(absolute, options);
  });
  await one.prune();
  expect(warnings).toEqual([]);
  expect(contents()).toEqual([]);
  expect(await one.usage()).toEqual({ files: 0, bytes: 0 });
  await one.close();
});

test('versions/ that was removed is made again before anything is counted', async () => {
  fs.rmdirSync(kept);
  const warnings: string[] = [];
  const log = { ...silent, warn: (text: string) => void warnings.push(text) };
  await new VersionPruner({ directory: own(kept), records, limits: ALL, log, now: () => now }).prune();
  expect(warnings).toEqual([]);
  expect(fs.readdirSync(kept)).toEqual([]);
});

test('a pruner that is closed while it counts removes nothing, keeps all records and plans no other run', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  for (const file of ['d/x', 'y']) version(file, 'old');
  now += 31 * DAY;
  let isOver = false;
  const statfs = async () => {
    await turn();
    isOver = true;
    return { blocks: 1e9, bsize: 1 };
  };
  const one = new VersionPruner({ directory: own(kept), records, limits: ALL, log: silent, now: () => now, statfs });
  const run = one.prune();
  await one.close();
  expect(isOver).toBe(true);
  await run;
  expect(vi.getTimerCount()).toBe(0);
  expect(contents()).toEqual(['old', 'old']);
  expect([...records.all()]).toHaveLength(2);
});

test('a pruner that is closed while it removes stops after that file', async () => {
  for (const file of ['x', 'y', 'z']) version(file, 'old');
  now += 31 * DAY;
  const one = pruning(ALL);
  const rm = fs.rmSync;
  vi.spyOn(fs, 'rmSync').mockImplementationOnce((...args) => {
    void one.close();
    rm(...args);
  });
  await one.prune();
  expect(contents()).toEqual(['old', 'old']);
});

test('a count ends when the pruner is closed', async () => {
  version('x', 'four');
  const one = pruning(ALL);
  const counted = one.usage();
  await one.close();
  expect(await counted).toEqual({ files: 0, bytes: 0 });
  expect(await one.usage()).toEqual({ files: 0, bytes: 0 });
});

test('a run is over when very many versions are removed', async () => {
  for (let n = 0; n < 70; n++) version(`f${n}`, '12');
  now += 31 * DAY;
  await pruning(ALL).prune();
  expect(contents()).toEqual([]);
});

test('a record of the present moment stays though its file is not found', async () => {
  version('x', '1');
  fs.rmSync(path.join(kept, fs.readdirSync(kept)[0]!));
  await pruning(ALL).prune();
  expect([...records.all()]).toHaveLength(1);
});

test('a run that is due waits for no second one when versions come while it runs', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const one = pruning({ ...ALL, share: 1 }, 5);
  await one.prune();
  expect(vi.getTimerCount()).toBe(1);
  const again = one.prune();
  const timers = vi.getTimerCount();
  one.grew(p('x'), 100);
  expect(vi.getTimerCount()).toBe(timers);
  await again;
  await one.close();
  expect(vi.getTimerCount()).toBe(0);
});

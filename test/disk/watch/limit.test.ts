// A system with too few watches: the rest is polled, and one problem says what to type. SCENARIOS 25.
import fs from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { nativeWatcher } from '../../../src/disk/watch/native.js';
import { watch } from '../../support/trees/watched.js';
import { put } from '../../support/trees.js';

/** A system without watches for directories of certain names. */
function fewWatches(): void {
  const enough = fs.watch as (...all: unknown[]) => fs.FSWatcher;
  vi.spyOn(fs, 'watch').mockImplementation(((dir: string, ...rest: unknown[]) => {
    if (dir.includes('/polled')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return enough(dir, ...rest);
  }) as typeof fs.watch);
}

afterEach(() => void vi.restoreAllMocks());

it('polls a directory that cannot be watched for another reason, without a word about watches', async () => {
  vi.spyOn(fs, 'watch').mockImplementation(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  const limited: string[] = [];
  const armed: string[] = [];
  const fallback = { arm: (dir: string) => void armed.push(dir), disarm: () => {}, close: async () => {} };
  const watcher = nativeWatcher({ limited: (dir: string) => void limited.push(dir) } as never, () => fallback as never);
  watcher.arm('/x');
  expect([armed, limited]).toEqual([['/x'], []]);
  await watcher.close();
});

it('SCENARIO 25: polls where no watch is left, and reports that once', async () => {
  fewWatches();
  const watched = watch({ polled1: { f: '1' }, polled2: { s: {} }, watched: {} });
  const scan = await watched.scan();
  expect(scan.problems).toHaveLength(1);
  expect(scan.problems[0]).toMatchObject({ path: 'polled1', code: 'watch-limit' });
  expect(scan.problems[0]!.message).toMatch(/sudo sysctl fs.inotify.max_user_watches=524288/);
  await watched.settle();
  put(watched.root, { polled1: { f: '2', g: '1' }, polled2: { s: { h: '1' } }, watched: { i: '1' } });
  const wanted = ['polled1/f', 'polled1/g', 'polled2/s/h', 'watched/i'];
  watched.forget();
  await watched.until(() => wanted.every((at) => watched.told.some(([path]) => path === at)));
});

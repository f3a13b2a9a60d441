// What the events of a watcher lead to, each of them played.
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ScanContext, ScannerOptions } from '../../../src/disk/scan/context.js';
import { watcherFor } from '../../../src/disk/scan/watch-events.js';
import type { Hints } from '../../../src/disk/watch/hints.js';
import type { Watcher } from '../../../src/disk/watch/watcher.js';
import { silent } from '../../../src/log.js';
import { turn } from '../../support/disk-site.js';

let told: string[];
let tell: (type: string, name: string | null) => void;
let watch: EventEmitter & { close(): void };
let watcher: Watcher;

beforeEach(() => {
  told = [];
  watch = Object.assign(new EventEmitter(), { close: () => {} });
  vi.spyOn(fs, 'watch').mockImplementation(((_dir: string, _options: object, listener: typeof tell) => {
    tell = listener;
    return watch;
  }) as never);
  const context = {
    root: { path: '/r' },
    now: () => 7,
    directories: {
      doubt: (path: string) => void told.push(`doubt ${path}`),
      doubtUnlessProven: (path: string, stats: unknown, now: number) =>
        void told.push(`doubt ${path} unless ${String(stats)} at ${now}`),
    },
    problems: { limitWatches: (dir: string) => void told.push(`limited ${dir}`) },
  } as unknown as ScanContext;
  const hints = {
    add: (path: string, relist = false) => void told.push(`${relist ? 'names of' : 'hint'} ${path}`),
    addAll: () => void told.push('everything'),
  } as unknown as Hints;
  const options = { watch: true, watchKind: 'native' } as unknown as ScannerOptions;
  watcher = watcherFor(options, () => context, hints, silent);
});
afterEach(() => watcher.close());

it.each<[it: string, dir: string, type: string, name: string | null, expected: string[]]>([
  ['a name in the root', '/r', 'change', 'f', ['hint f']],
  ['a name in a directory', '/r/d', 'rename', 'f', ['hint d/f']],
  ['no name', '/r/d', 'rename', null, ['names of d']],
  ['a name that makes no path', '/r/d', 'rename', 'a\\b\u0000', ['names of d']],
  ['a name that is never synchronised', '/r', 'rename', '.lockstep', []],
  ['the directory itself', '/r/d', 'change', '.', ['hint d']],
  [
    'the directory itself, which may have moved',
    '/r/d',
    'rename',
    '.',
    ['doubt d unless null at 7', 'hint d', 'hint d'],
  ],
])('an event of %s', (_, dir, type, name, expected) => {
  watcher.arm(dir);
  tell(type, name);
  expect(told).toEqual(expected);
});

it('a watch that broke', () => {
  watcher.arm('/r/d');
  watch.emit('error', new Error('EIO'));
  expect(told).toEqual(['doubt d', 'hint d']);
});

it('as many events as the system keeps: others may have been dropped, anywhere', async () => {
  watcher.arm('/r/d');
  const limit = Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  for (let n = 0; n < 100; n++) tell('change', 'f');
  await turn();
  expect(new Set(told)).toEqual(new Set(['hint d/f']));
  told = [];
  for (let n = 0; n < limit; n++) tell('change', 'f');
  await turn();
  expect(told.slice(limit)).toEqual(['doubt ', 'everything']);
});

it('nothing where nothing is watched', () => {
  const none = watcherFor({ watch: false } as ScannerOptions, () => null as never, null as never, silent);
  expect(none.arm('/r')).not.toBe('failed');
  expect(fs.watch).not.toHaveBeenCalled();
});

// The watches of Linux, each with its events played: what they lead to, and what happens when one breaks.
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nativeWatcher } from '../../../src/disk/watch/native.js';
import type { Watcher } from '../../../src/disk/watch/watcher.js';
import { turn } from '../../support/disk-site.js';

class Watch extends EventEmitter {
  isOpen = true;
  constructor(readonly tell: (type: string, name: string | null) => void) {
    super();
  }
  close(): void {
    this.isOpen = false;
  }
}

let watches: Watch[];
let told: string[];
let watcher: Watcher;
beforeEach(() => {
  watches = [];
  told = [];
  vi.spyOn(fs, 'watch').mockImplementation(((_dir: string, _options: object, tell: Watch['tell']) => {
    watches.push(new Watch(tell));
    return watches.at(-1);
  }) as never);
  const listener = {
    changed: (dir: string, name: string | null) => void told.push(`${dir} ${name ?? '*'}`),
    doubtful: (dir: string) => void told.push(`${dir} doubtful`),
    lost: (dir: string) => void told.push(`${dir} lost`),
    overflowed: () => void told.push('overflowed'),
    limited: () => void told.push('limited'),
  };
  watcher = nativeWatcher(listener, () => {
    throw new Error('there is a watch for each');
  });
});
afterEach(async () => {
  await watcher.close();
  vi.restoreAllMocks();
});

it('watches a directory once, until it is disarmed or all end', async () => {
  expect([watcher.arm('/r/d'), watcher.arm('/r/d'), watcher.arm('/r/e')]).toEqual(['watched', 'already', 'watched']);
  watcher.disarm('/r/d');
  expect(watches.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  expect(watcher.arm('/r/d')).toBe('watched');
  await watcher.close();
  expect(watches.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
});

it.each<[it: string, type: string, name: string | null, expected: string[]]>([
  ['a name in it is told', 'change', 'f', ['/r/d f']],
  ['a name that is no UTF-8 stands for all', 'rename', 'f\ufffd', ['/r/d *']],
  ['so does an event without a name', 'rename', null, ['/r/d *']],
  ['a dot is the directory itself, which may have been moved', 'rename', '.', ['/r/d doubtful', '/r/d .']],
  ['or has other times', 'change', '.', ['/r/d .']],
  ['its own name is of something in it', 'rename', 'd', ['/r/d d']],
])('%s', (_, type, name, expected) => {
  watcher.arm('/r/d');
  watches[0]!.tell(type, name);
  expect(told).toEqual(expected);
});

it('tells that a watch broke, and can watch the directory again', async () => {
  watcher.arm('/r/d');
  watches[0]!.emit('error', new Error('EIO'));
  expect([told, watches[0]!.isOpen]).toEqual([['/r/d lost'], false]);
  expect(watcher.arm('/r/d')).toBe('watched');
  // An error of a watch that was replaced does not end the one that is there.
  watches[0]!.emit('error', new Error('EIO'));
  expect([told.length, watches[1]!.isOpen]).toEqual([2, true]);
  await turn();
  expect(told).not.toContain('overflowed');
});

it('has told of the events until now after one whole turn of the event loop', async () => {
  watcher.arm('/r/d');
  let isOver = false;
  watcher.afterEvents(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  await turn();
  expect(isOver).toBe(true);
});

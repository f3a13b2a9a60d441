// Which directories are watched, told one event after the other, without a disk.
import type { Stats } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { WatchedDirectories } from '../../../src/disk/watch/directories.js';
import type { Armed } from '../../../src/disk/watch/watcher.js';
import { p } from '../../support/disk-site.js';

/** Long after every directory here was born. */
const NOW = 1_000_000;

let calls: string[];
let armed: Armed;
/** Each to be called when the events of a look have come. */
let looked: (() => void)[];
let directories: WatchedDirectories;

beforeEach(() => {
  calls = [];
  armed = 'watched';
  looked = [];
  const watcher = {
    arm: (dir: string) => {
      calls.push(`arm ${dir}`);
      return armed;
    },
    disarm: (dir: string) => void calls.push(`disarm ${dir}`),
    afterEvents: (act: () => void) => void looked.push(act),
    close: async () => {},
  };
  directories = new WatchedDirectories(watcher, (path) => `/root${path === '' ? '' : `/${path}`}`);
});

const stats = (ino: number, more: { dev?: number; birthtimeMs?: number; isDir?: boolean } = {}): Stats => {
  const { dev = 1, birthtimeMs = 5, isDir = true } = more;
  return { ino, dev, birthtimeMs, isDirectory: () => isDir } as Stats;
};
const settle = (path: string, ino: number, now = 0) => directories.settle(path as RelPath | '', stats(ino), now);
const isSame = (path: string, ino: number) => directories.isSame(path as RelPath | '', stats(ino));

describe('a directory', () => {
  it('is the same only with its device, inode, birth time and type', () => {
    expect(isSame('d', 2)).toBe(false);
    settle('d', 2);
    expect(isSame('d', 2)).toBe(true);
    for (const other of [{ dev: 2 }, { birthtimeMs: 6 }, { isDir: false }])
      expect(directories.isSame(p('d'), stats(2, other))).toBe(false);
    expect([isSame('d', 3), isSame('', 2), isSame('d/e', 2)]).toEqual([false, false, false]);
  });

  it('is armed anew, and says whether there is one', () => {
    const results = (['watched', 'already', 'polled', 'failed'] as const).map((result) => {
      armed = result;
      return directories.arm(p('d'));
    });
    expect(results).toEqual([true, true, true, false]);
    expect(calls.slice(0, 2)).toEqual(['disarm /root/d', 'arm /root/d']);
  });

  it('in doubt is not the same, with everything below it, until it is read again', () => {
    for (const [path, ino] of [
      ['a', 2],
      ['a/b', 3],
      ['a/b/c', 4],
      ['x', 5],
    ] as const)
      settle(path, ino);
    directories.doubt(p('a/b'));
    directories.doubt(p('missing'));
    expect([isSame('a', 2), isSame('a/b', 3), isSame('a/b/c', 4), isSame('x', 5)]).toEqual([true, false, false, true]);
    settle('a/b', 3);
    expect([isSame('a/b', 3), isSame('a/b/c', 4)]).toEqual([true, false]);
  });

  it('that is replaced takes what was below it along', () => {
    for (const [path, ino] of [
      ['a', 2],
      ['a/b', 3],
      ['a/b/c', 4],
    ] as const)
      settle(path, ino);
    calls = [];
    settle('a', 7);
    expect([isSame('a', 7), isSame('a/b', 3), isSame('a/b/c', 4)]).toEqual([true, false, false]);
    expect(calls).toEqual(['disarm /root/a/b/c', 'disarm /root/a/b']);
  });

  it('that is read again keeps what is below it', () => {
    for (const [path, ino] of [
      ['a', 2],
      ['a/b', 3],
      ['a', 2],
    ] as const)
      settle(path, ino);
    expect([isSame('a', 2), isSame('a/b', 3)]).toEqual([true, true]);
  });

  it('that is found after what is in it keeps that', () => {
    settle('a/b', 3);
    settle('a', 2);
    expect([isSame('a', 2), isSame('a/b', 3)]).toEqual([true, true]);
  });

  it('that is dropped is not watched, nor is what was below it', () => {
    for (const [path, ino] of [
      ['', 1],
      ['a', 2],
      ['a/b', 3],
      ['x', 5],
    ] as const)
      settle(path, ino);
    directories.drop(p('missing'));
    expect(calls).toEqual([]);
    directories.drop(p('a'));
    expect(calls).toEqual(['disarm /root/a/b', 'disarm /root/a']);
    expect([isSame('a', 2), isSame('a/b', 3), isSame('x', 5)]).toEqual([false, false, true]);
    directories.drop('');
    expect(calls.slice(2)).toEqual(['disarm /root/x', 'disarm /root']);
    expect([isSame('', 1), isSame('x', 5)]).toEqual([false, false]);
  });
});

describe('a mode that the disk cannot hold', () => {
  it('is known until the directory is dropped or replaced', () => {
    settle('d', 2);
    directories.holdMode(p('d'), 0o700);
    directories.holdMode(p('missing'), 0o700);
    expect([directories.heldMode(p('d')), directories.heldMode(p('missing'))]).toEqual([0o700, null]);
    settle('d', 2);
    expect(directories.heldMode(p('d'))).toBe(0o700);
    settle('d', 3);
    expect(directories.heldMode(p('d'))).toBeNull();
    directories.holdMode(p('d'), 0o755);
    directories.holdMode(p('d'), null);
    expect(directories.heldMode(p('d'))).toBeNull();
  });
});

describe('a directory that was moved', () => {
  it('is recognised by its inode, also after its old path was dropped, until the scan ends', () => {
    for (const [path, ino] of [
      ['', 1],
      ['a', 2],
      ['x', 5],
    ] as const)
      settle(path, ino);
    const former = (path: string, ino: number) => directories.formerOf(p(path), stats(ino));
    expect([former('b', 2), former('a', 2), former('b', 1), former('b', 9)]).toEqual(['a', null, null, null]);
    directories.drop(p('a'));
    expect(former('b', 2)).toBe('a');
    directories.endScan();
    expect([former('b', 2), former('y', 5)]).toEqual([null, 'x']);
  });

  it('stays recognised where it is by then', () => {
    settle('a', 2);
    directories.drop(p('a'));
    settle('b', 2);
    directories.endScan();
    expect(directories.formerOf(p('c'), stats(2))).toBe('b');
    directories.drop(p('b'));
    settle('b', 2);
    directories.endScan();
    expect(directories.formerOf(p('c'), stats(2))).toBe('b');
  });

  it('is left at its old path, where it is that one', () => {
    for (const [path, ino] of [
      ['a', 2],
      ['x', 5],
    ] as const)
      settle(path, ino);
    directories.leave(p('a'), stats(3));
    directories.leave(p('missing'), stats(2));
    expect([calls, isSame('a', 2)]).toEqual([[], true]);
    directories.leave(p('a'), stats(2));
    expect([calls, isSame('a', 2)]).toEqual([['disarm /root/a'], false]);
  });
});

describe('after an event of itself a directory', () => {
  const isSameAfter = (seen: Stats | null, now: number) => {
    directories.doubtUnlessProven(p('d'), seen, now);
    return isSame('d/e', 3);
  };
  beforeEach(() => {
    settle('d', 2, NOW);
    settle('d/e', 3, NOW);
  });

  it.each<[it: string, seen: Stats | null, ms: number, isSame: boolean]>([
    ['is not in doubt long after it was read', stats(2), 2_000, true],
    ['is in doubt soon after it was read', stats(2), 1_999, false],
    ['is in doubt where another one stands', stats(4), 2_000, false],
    ['is in doubt where nothing stands', null, 2_000, false],
  ])('%s', (_, seen, ms, expected) => {
    expect(isSameAfter(seen, NOW + ms)).toBe(expected);
  });

  it.each([
    [2_001, true],
    [2_000, false],
  ])('is in doubt soon after it was born: %i ms', (ms, expected) => {
    const young = { birthtimeMs: NOW + 50_000 };
    directories.settle(p('d'), stats(2, young), NOW);
    settle('d/e', 3, NOW);
    expect(isSameAfter(stats(2, young), NOW + 50_000 + ms)).toBe(expected);
  });

  it('is in doubt while somebody looks at the tree, and until the events of that time have come', () => {
    const again = () => {
      settle('d', 2, NOW);
      settle('d/e', 3, NOW);
    };
    const isProven = () => isSameAfter(stats(2), NOW + 70_000);
    directories.beginLook();
    expect(isProven()).toBe(false);
    directories.endLook();
    again();
    expect(isProven()).toBe(false);
    directories.beginLook();
    directories.endLook();
    looked[0]!();
    again();
    expect(isProven()).toBe(false);
    looked[1]!();
    again();
    expect(isProven()).toBe(true);
  });

  it('that is not watched is nothing', () => {
    directories.doubtUnlessProven(p('missing'), null, NOW);
    expect(isSame('d', 2)).toBe(true);
  });
});

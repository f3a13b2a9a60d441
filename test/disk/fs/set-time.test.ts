// Modification times are exact to the microsecond, however the system rounds a double of seconds.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { holding } from '../../../src/disk/fs/inode.js';
import { setTime } from '../../../src/disk/fs/set-time.js';
import { microseconds } from '../../../src/disk/fs/signature.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const { futimesSync } = fs;
const both = (seconds: number) => [seconds, seconds] as const;
let root = '';
let fd = -1;

beforeAll(() => {
  root = makeRoot('times');
  fd = fs.openSync(path.join(root, 'f'), 'w+');
});
afterAll(() => {
  fs.closeSync(fd);
  removeRoot(root);
});

/** The time on disk in whole microseconds, truncated as other programs do it. */
const onDisk = (): number => Number(fs.fstatSync(fd, { bigint: true }).mtimeNs / 1000n);

/** Times over all relevant years, the same in each run. */
function times(n: number, until: number): number[] {
  let seed = 1;
  return Array.from({ length: n }, () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return Math.floor((seed / 2_147_483_647) * until) + (seed % 1_000);
  });
}

/** Replaces the system's rounding of seconds by `set`. */
const system = (set: (file: number, seconds: number) => void) =>
  vi.spyOn(fs, 'futimesSync').mockImplementation((file, _, mtime) => set(file, mtime as number));

/** Gives the file this time, on whatever Node this runs. */
function hold(file: number, time: number): void {
  for (const part of [0, 0.25, 0.5, -0.25]) {
    futimesSync(file, (time + part) / 1e6, (time + part) / 1e6);
    if (microseconds(fs.fstatSync(file).mtimeMs) === time) return;
  }
  throw new Error(`${time} cannot be set`);
}

describe('a time is exact', () => {
  test('until 2038, nearly always at the first attempt', () => {
    const calls = vi.spyOn(fs, 'futimesSync');
    const all = [0, 1, 999_999, 1_000_000, ...times(2_000, 2 ** 31 * 1e6)];
    for (const time of all) {
      expect(microseconds(setTime(fd, time).mtimeMs)).toBe(time);
      expect(onDisk()).toBe(time);
    }
    expect(calls.mock.calls.length).toBeLessThan(all.length * 1.2);
  });

  test('until 2106', () => {
    for (const time of times(2_000, 2 ** 32 * 1e6)) expect(microseconds(setTime(fd, time).mtimeMs)).toBe(time);
  });

  test.each([
    ['cuts off below a microsecond', Math.floor],
    ['rounds to a microsecond', Math.round],
    ['rounds up to a microsecond', Math.ceil],
    ['falls one short', (time: number) => Math.floor(time) - 1],
    ['lands one too high', (time: number) => Math.floor(time) + 1],
  ])('where the system %s', (_, made) => {
    system((file, seconds) => hold(file, made(seconds * 1e6)));
    for (const time of times(500, 1.9e15)) expect(microseconds(setTime(fd, time).mtimeMs)).toBe(time);
  });

  test('through an open inode', () => {
    for (const time of times(100, 1.9e15)) {
      holding(path.join(root, 'f'), (inode) => inode.setTime(time));
      expect(onDisk()).toBe(time);
    }
  });
});

test.each([
  ['whole seconds', 1],
  ['two seconds', 2],
])('a file system that keeps %s is not asked again and again, and says what it holds', (_, grain) => {
  const calls = system((file, seconds) => futimesSync(file, ...both(Math.floor(seconds / grain) * grain)));
  expect(setTime(fd, 1_700_000_001_123_457).mtimeMs).toBe(Math.floor(1_700_000_001 / grain) * grain * 1e3);
  expect(calls).toHaveBeenCalledTimes(1);
});

test('a time that no double can represent is near the wanted one', () => {
  const calls = vi.spyOn(fs, 'futimesSync');
  expect(Math.abs(microseconds(setTime(fd, 2 ** 33 * 1e6 + 1).mtimeMs) - (2 ** 33 * 1e6 + 1))).toBeLessThanOrEqual(2);
  expect(calls.mock.calls.length).toBeLessThanOrEqual(8);
});

test('a time before 1970 becomes 1970, at the first attempt', () => {
  const calls = vi.spyOn(fs, 'futimesSync');
  expect(microseconds(setTime(fd, -1_500_000).mtimeMs)).toBe(0);
  expect(calls).toHaveBeenCalledTimes(1);
});

// The observer of the truth test itself: what it calls a lie, and what is none: a share of another content, a side b that
// is away.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MOMENT_MS, Observer, type Shown } from '../support/observer.js';

const LOOK_MS = 50;
/** Longer than what is shown may be late, and server-a may be away. */
const LATE_MS = 6_000;

let roots: Record<'a' | 'b', string>;
let observer: Observer;
let directory: string;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-observer-'));
  roots = { a: path.join(directory, 'a'), b: path.join(directory, 'b') };
  for (const root of Object.values(roots)) fs.mkdirSync(root);
  observer = new Observer(roots);
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(directory, { recursive: true, force: true });
});

/** Writes `large` with so many bytes, at so many seconds since 1970. */
function put(side: 'a' | 'b', bytes: number, second: number): void {
  const file = path.join(roots[side], 'large');
  fs.writeFileSync(file, Buffer.alloc(bytes));
  fs.utimesSync(file, second, second);
}

/** For longer than a moment, the share of `large` is shown as `syncing`. */
function look(syncing: number, isBThere = true, more: Partial<Shown> = {}, forMs = LATE_MS): void {
  const status: Shown['status'] = {
    state: isBThere ? 'syncing' : 'peer-lost',
    paused: null,
    pending: 1,
    left: { files: 1 },
    ...(isBThere ? {} : { outdated: ['b'] }),
  };
  for (let ms = 0; ms <= forMs; ms += LOOK_MS) {
    vi.advanceTimersByTime(LOOK_MS);
    observer.tick(LOOK_MS);
    observer.note({
      status,
      entries: [{ path: 'large', on: 'both', syncing }],
      ...{ transfers: [], percent: 0, waiters: [], view: [isBThere ? 'Syncing' : 'Server-b is away'], event: null },
      pieces: 0,
      ...more,
    });
  }
}

const RUNS_BACK = [expect.stringMatching(/ large \(30 3000\) runs back from 90 % to 10 % /)];

test('the share of one content runs back', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(90);
  look(10);
  expect(observer.lies).toEqual(RUNS_BACK);
});

test('it runs back, too, where only the older content of the other side has changed', () => {
  put('a', 30, 3);
  put('b', 20, 1);
  look(90);
  put('b', 10, 2);
  look(10);
  expect(observer.lies).toEqual(RUNS_BACK);
});

test('it runs back, too, while side b is away and has a newer content that nobody can know', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(90);
  observer.done.isBUp = false;
  put('b', 10, 4);
  look(10, false);
  expect(observer.lies).toEqual(RUNS_BACK);
});

test('the share of a newer content that is found on side b when it is back begins anew', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(90);
  observer.done.isBUp = false;
  put('b', 10, 4);
  look(90, false);
  observer.done.isBUp = true;
  look(0);
  expect(observer.lies).toEqual([]);
});

test.each<[it: string, transfer: Shown['transfers'][number]]>([
  ['while the other one is being written there', { path: 'large', to: 'b' }],
  ['while it is still being read', { path: 'large', to: 'a', reading: true }],
])('a newer content of side b is not known %s', (_, transfer) => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(80);
  put('b', 10, 4);
  look(90, true, { transfers: [transfer] });
  look(90, true, {}, 0); // the connection is lost between two answers
  observer.done.isBUp = false;
  look(90, false);
  observer.done.isBUp = true;
  look(0);
  expect(observer.lies).toEqual([]);
});

test('the share of a content that is read, and then begins, is not that of the one before it', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(90);
  put('a', 40, 5);
  look(0, true, { transfers: [{ path: 'large', to: 'b', reading: true }] });
  look(0, true, { transfers: [{ path: 'large', to: 'b' }] });
  expect(observer.lies).toEqual([]);
  look(50, true, { transfers: [{ path: 'large', to: 'b' }] });
  look(10, true, { transfers: [{ path: 'large', to: 'b' }] });
  expect(observer.lies).toEqual([expect.stringMatching(/ large \(40 5000\) runs back from 50 % to 10 % /)]);
});

test('after a restart, server-a counts anew', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(90);
  observer.restarted();
  look(10);
  expect(observer.lies).toEqual([]);
});

test('for as long as server-a may wait before it dials again, a wire that was cut is no lie, and then it is', () => {
  put('a', 30, 3);
  put('b', 20, 2);
  observer.cut();
  look(0, false);
  const told = observer.lies.find((lie) => lie.includes('as it was last seen'));
  expect(told).toMatch(/^\d+ for \d+ ms: status shows side b as it was last seen though server-b is there \(peer-lost/);
  expect(Number(told!.split(' ')[0])).toBeGreaterThan(2_000 + MOMENT_MS);
});

test.each<[it: string, pieces: readonly (number | null)[], lies: number]>([
  ['of one piece', [1, 1], 1],
  ['of the next piece', [1, 2], 0],
  ['of the next piece, where one has ended while it was asked', [null, 2], 0],
])('the share of the work that falls is a lie where it is that %s', (_, [first, second], lies) => {
  put('a', 30, 3);
  put('b', 20, 2);
  look(0, true, { percent: 96, pieces: first! });
  look(0, true, { percent: 0, pieces: second! });
  expect(observer.lies.filter((lie) => lie.includes('the work runs back from 96 % to 0 %'))).toHaveLength(lies);
});

test('a row may be that of before for as long as server-a may wait before it dials again, and no longer', () => {
  put('a', 30, 3);
  put('b', 30, 3);
  const row = { entries: [{ path: 'large', on: 'both' as const }] };
  look(0, true, row);
  observer.cut();
  put('b', 20, 4);
  const told = () => observer.lies.filter((lie) => lie.includes('large is shown as equal')).length;
  look(0, false, row, 1_500 + MOMENT_MS);
  expect(told()).toBe(0);
  look(0, false, row);
  expect(told()).toBe(1);
});

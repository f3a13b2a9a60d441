// Which scans a flush waits for, and how it is answered.

import { expect, test } from 'vitest';
import { advise } from '../../../src/core/advice.js';
import { SyncError } from '../../../src/core/errors.js';
import { type Flush, Flushes, untilFlushed } from '../../../src/sync/session/flushes.js';
import type { ScanQueue } from '../../../src/sync/session/scan-queue.js';

/** The scans of one side, as numbers. */
const scans = (next: number) => {
  const side = { asked: [] as string[], finished: 0, ask: (scope: string) => side.asked.push(scope) * 0 + next++ };
  return side as typeof side & ScanQueue;
};
const waiting = () => {
  const told: (string | null)[] = [];
  const flush: Flush = { scans: { a: 0, b: 0 }, done: (error) => void told.push(error?.code ?? null) };
  return { flush, told };
};

test.each<[a: number, b: number, isDone: boolean]>([
  [4, 7, true],
  [5, 8, true],
  [3, 7, false],
  [4, 6, false],
])('rests once both looks have been taken in: %d and %d', (finishedA, finishedB, isDone) => {
  const [flushes, a, b] = [new Flushes(), scans(4), scans(7)];
  const { flush, told } = waiting();
  expect(flushes.isIdle).toBe(true);
  flushes.add(flush, a, b);
  expect([a.asked, b.asked, flush.scans, flushes.isIdle]).toEqual([
    ['everything'],
    ['everything'],
    { a: 4, b: 7 },
    false,
  ]);
  [a.finished, b.finished] = [finishedA, finishedB];
  flushes.rest(a, b);
  flushes.rest(a, b);
  expect([told, flushes.isIdle]).toEqual([isDone ? [null] : [], isDone]);
});

test('without side b its scan counts from when it connects', () => {
  const [flushes, a, b] = [new Flushes(), scans(1), scans(3)];
  const { flush, told } = waiting();
  flushes.add(flush, a, null);
  expect(flush.scans).toEqual({ a: 1, b: Number.POSITIVE_INFINITY });
  a.finished = 9;
  b.finished = 9;
  flushes.rest(a, b);
  expect(told).toEqual([]);
  flushes.restart(b);
  expect([flush.scans, b.asked]).toEqual([{ a: 1, b: 3 }, ['everything']]);
  flushes.rest(a, b);
  expect(told).toEqual([null]);
});

test('each has its own scans, and a removed one gets no answer', () => {
  const [flushes, a, b] = [new Flushes(), scans(1), scans(1)];
  const all = [waiting(), waiting(), waiting()];
  for (const { flush } of all) flushes.add(flush, a, b);
  flushes.remove(all[0]!.flush);
  [a.finished, b.finished] = [2, 2];
  flushes.rest(a, b);
  expect(all.map(({ told }) => told)).toEqual([[], [null], []]);
  flushes.refuse(new SyncError('halted', 'Halted.'));
  flushes.refuse(new SyncError('halted', 'Halted.'));
  expect(all.map(({ told }) => told)).toEqual([[], [null], ['halted']]);
  expect(flushes.isIdle).toBe(true);
});

test.each<[string, SyncError | null]>([
  ['done', null],
  ['halted', new SyncError('halted', 'Halted.')],
])('the caller is told: %s', async (word, error) => {
  const flushes = new Flushes();
  const signal = new AbortController();
  let posted: Flush | null = null;
  const asking = untilFlushed(flushes, (flush) => (posted = flush), signal.signal).then(
    () => 'done',
    ({ code }: SyncError) => code,
  );
  posted!.done(error);
  signal.abort();
  expect(await asking).toBe(word);
});

test('a caller whose time is over is refused', async () => {
  const [flushes, a, b] = [new Flushes(), scans(1), scans(1)];
  const signal = new AbortController();
  const asking = untilFlushed(flushes, (flush) => flushes.add(flush, a, b), signal.signal);
  expect(flushes.isIdle).toBe(false);
  signal.abort();
  await expect(asking).rejects.toMatchObject({
    code: 'timeout',
    advice: advise`See what is left with: ${{ do: 'status' }}`,
  });
  expect(flushes.isIdle).toBe(true);
});

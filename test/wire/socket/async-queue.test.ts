import { describe, expect, test } from 'vitest';
import { AsyncQueue } from '../../../src/wire/socket/async-queue.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** @returns whether `promise` has resolved. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
}

async function all<T>(queue: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe('an async queue', () => {
  test('yields items in their order, then ends', async () => {
    const queue = new AsyncQueue<number>();
    for (const n of [1, 2, 3]) void queue.handOver(n);
    queue.end();
    expect(await all(queue)).toEqual([1, 2, 3]);
  });

  test('yields items to a waiting consumer', async () => {
    const queue = new AsyncQueue<number>();
    const items = all(queue);
    for (const n of [1, 2]) {
      await turn();
      await queue.handOver(n);
    }
    await turn();
    queue.end();
    expect(await items).toEqual([1, 2]);
  });

  test('lets producers wait until all items are consumed', async () => {
    const queue = new AsyncQueue<number>();
    const [first, second] = [queue.handOver(1), queue.handOver(2)];
    expect([await isDone(first), queue.size]).toEqual([false, 2]);
    await queue.next();
    expect([await isDone(second), queue.size]).toEqual([false, 1]);
    await queue.next();
    expect([await isDone(first), await isDone(second), queue.empty]).toEqual([true, true, true]);
  });

  test('throws an error after its items', async () => {
    const queue = new AsyncQueue<number>();
    void queue.handOver(1);
    queue.end(new Error('broken'));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of queue) seen.push(item);
    })();
    await expect(reading).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  test('throws an error to a waiting consumer', async () => {
    const queue = new AsyncQueue<number>();
    const reading = all(queue);
    await turn();
    queue.end(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
  });

  test('ends once: later calls have no effect', async () => {
    const queue = new AsyncQueue<number>();
    queue.end();
    queue.end(new Error('too late'));
    await queue.handOver(1);
    expect(await all(queue)).toEqual([]);
  });

  test('releases all producers when the consumer leaves', async () => {
    const queue = new AsyncQueue<number>();
    const puts = [1, 2, 3].map((n) => queue.handOver(n));
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    await Promise.all(puts);
    await queue.handOver(4);
  });
});

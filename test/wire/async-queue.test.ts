import { describe, expect, test } from 'vitest';
import { Channel } from '../../src/sync/channel.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** @returns whether `promise` has resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
}

async function all<T>(channel: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of channel) items.push(item);
  return items;
}

describe('a channel', () => {
  test('gives items in the order in which they came, then ends', async () => {
    const channel = new Channel<number>();
    for (const n of [1, 2, 3]) void channel.put(n);
    channel.end();
    expect(await all(channel)).toEqual([1, 2, 3]);
  });

  test('gives items to a consumer that was waiting', async () => {
    const channel = new Channel<number>();
    const items = all(channel);
    for (const n of [1, 2]) {
      await turn();
      await channel.put(n);
    }
    await turn();
    channel.end();
    expect(await items).toEqual([1, 2]);
  });

  test('holds a producer back until its item is taken', async () => {
    const channel = new Channel<number>();
    const [first, second] = [channel.put(1), channel.put(2)];
    expect(await isDone(first)).toBe(false);
    const items = channel[Symbol.asyncIterator]();
    await items.next();
    expect([await isDone(first), await isDone(second)]).toEqual([true, false]);
    await items.next();
    expect(await isDone(second)).toBe(true);
  });

  test('gives an error after the items that are there', async () => {
    const channel = new Channel<number>();
    void channel.put(1);
    channel.end(new Error('broken'));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of channel) seen.push(item);
    })();
    await expect(reading).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  test('gives an error to a consumer that is waiting', async () => {
    const channel = new Channel<number>();
    const reading = all(channel);
    await turn();
    channel.end(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
  });

  test('ends once: what comes later changes nothing', async () => {
    const channel = new Channel<number>();
    channel.end();
    channel.end(new Error('too late'));
    await channel.put(1);
    expect(await all(channel)).toEqual([]);
  });

  test('lets all producers go when the consumer leaves', async () => {
    const channel = new Channel<number>();
    const puts = [1, 2, 3].map((n) => channel.put(n));
    for await (const item of channel) {
      expect(item).toBe(1);
      break;
    }
    await Promise.all(puts);
    await channel.put(4);
  });
});

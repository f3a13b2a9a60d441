import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/wire/frame/frames.js';
import type { Frame } from '../../../src/wire/frame/json-rpc.js';
import { DEFAULT_LIMITS } from '../../../src/wire/frame/limits.js';
import { PayloadPool, releaseOf } from '../../../src/wire/frame/payload-pool.js';
import { calling, gate, serving } from '../ends.js';

const KIB = 1024;

describe('a pool', () => {
  it('reuses released memory, and only that', () => {
    const pool = new PayloadPool();
    const first = pool.take(100 * KIB);
    expect(pool.take(100 * KIB).buffer).not.toBe(first.buffer);
    const release = releaseOf(first)!;
    release();
    release();
    const again = pool.take(80 * KIB);
    expect([again.buffer === first.buffer, again.length]).toEqual([true, 80 * KIB]);
    expect(pool.take(80 * KIB).buffer).not.toBe(first.buffer);
    expect(releaseOf(first)).toBeNull();
  });

  it('ignores small payloads and those from elsewhere', () => {
    expect(releaseOf(new PayloadPool().take(KIB))).toBeNull();
    expect(releaseOf(Buffer.alloc(100 * KIB))).toBeNull();
  });

  it('keeps a bounded number', () => {
    const pool = new PayloadPool();
    const taken = Array.from({ length: 20 }, () => pool.take(64 * KIB));
    for (const payload of taken) releaseOf(payload)!();
    const buffers = new Set(taken.map(({ buffer }) => buffer));
    const again = Array.from({ length: 20 }, () => pool.take(64 * KIB));
    expect(again.filter(({ buffer }) => buffers.has(buffer))).toHaveLength(8);
  });
});

it('payloads that were not released stay unchanged', () => {
  const decoder = new FrameDecoder(DEFAULT_LIMITS);
  const frames: Frame[] = [];
  for (let n = 0; n < 5; n++) {
    decoder.push(Buffer.from(`{"jsonrpc":"2.0","method":"x","payload":${100 * KIB}}\n`), frames);
    decoder.push(Buffer.alloc(100 * KIB, n), frames);
    if (n === 1) releaseOf(frames[0]!.payload!)!();
  }
  expect(frames.map(({ payload }) => payload![0])).toEqual([2, 1, 2, 3, 4]);
});

it('the sender is told when a payload may be changed', async () => {
  const came: Buffer[] = [];
  const { open, opened } = gate();
  const method = {
    params: v.object({}),
    handle: async (_params: unknown, _call: unknown, payload: Buffer | null) => {
      came.push(payload!);
      if (came.length === 3) open();
      return {};
    },
  };
  const caller = await calling(await serving({ take: method }));
  const data = Buffer.alloc(1 << 20, 'a');
  for (const letter of 'abc') {
    data.fill(letter);
    await new Promise<void>((resolve) => void caller.notify('take', {}, data, resolve));
  }
  await opened;
  expect(came.map((payload) => String.fromCharCode(payload[0]!, payload.at(-1)!))).toEqual(['aa', 'bb', 'cc']);
});

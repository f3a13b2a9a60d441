// Large files between real programs: what was cut goes on, what changed crosses alone, and nobody is kept waiting.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CutWire } from '../support/cut-wire.js';
import { noise } from '../support/delta.js';
import { PairOfPrograms, putWhole, type Said, until } from '../support/programs.js';
import { full, sized } from '../support/sizes.js';

const MIB = 1 << 20;
const SIZE = sized(8, 64) * MIB;
const NINE_TENTHS = Math.floor(0.9 * SIZE);

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

const isSynced = (said: Said) => said.event === 'synced' && said.path === 'large';
const content = (root: string) => fs.readFileSync(path.join(root, 'large'));

/** How much of a content is in the staging of `root`. */
function staged(root: string): number {
  const staging = path.join(root, '.lockstep/staging');
  const sizes = fs.readdirSync(staging).map((name) => fs.statSync(path.join(staging, name)).size);
  return Math.max(0, ...sizes);
}

/** Starts the pair with a wire between that can be cut, and lets nine tenths of a new large file at `from` through. */
async function untilNineTenths(from: 'a' | 'b', data: Buffer): Promise<CutWire> {
  await pair.startB();
  const proxy = await CutWire.open(() => pair.portB);
  await pair.startA('--peer', `127.0.0.1:${proxy.port}`);
  await pair.serverA.wait('in-sync');
  const held = proxy.holdAfter(NINE_TENTHS);
  putWhole(pair[from], 'large', data);
  await held;
  // What got through is written a moment later.
  await until(() => staged(pair[from === 'a' ? 'b' : 'a']) >= NINE_TENTHS - 4 * MIB);
  return proxy;
}

describe('SCENARIO 24: a transfer that is cut at nine tenths', () => {
  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ] as const)('by the loss of the connection goes on from there: %s to %s', async (from, to) => {
    const data = noise(SIZE, 1);
    const proxy = await untilNineTenths(from, data);
    expect(fs.existsSync(path.join(pair[to], 'large'))).toBe(false);
    proxy.cut();
    const synced = await pair.serverA.wait(isSynced);
    expect([synced.bytes, (synced.sent as number) <= SIZE - NINE_TENTHS + 5 * MIB]).toEqual([SIZE, true]);
    expect(content(pair[to]).equals(data)).toBe(true);
    expect(staged(pair[to])).toBe(0);
  });

  test('by kill -9 of the receiver goes on from there', async () => {
    pair.asProcesses();
    const data = noise(SIZE, 2);
    const proxy = await untilNineTenths('a', data);
    await pair.serverB.crash();
    proxy.cut();
    await pair.startB();
    const synced = await pair.serverA.wait(isSynced);
    expect(synced.sent).toBeLessThanOrEqual(SIZE - NINE_TENTHS + 5 * MIB);
    expect(content(pair.b).equals(data)).toBe(true);
  });

  test.runIf(full)('by kill -9 of the sender goes on from there', async () => {
    pair.asProcesses();
    const data = noise(SIZE, 2);
    const proxy = await untilNineTenths('a', data);
    await pair.serverA.crash();
    proxy.cut();
    await pair.startA('--peer', `127.0.0.1:${proxy.port}`);
    const synced = await pair.serverA.wait(isSynced);
    expect(synced.sent).toBeLessThanOrEqual(SIZE - NINE_TENTHS + 5 * MIB);
    expect(content(pair.b).equals(data)).toBe(true);
  });

  test('and whose source changes meanwhile starts again, and never mixes', async () => {
    const proxy = await untilNineTenths('a', noise(SIZE, 3));
    const other = noise(SIZE, 4);
    putWhole(pair.a, 'large', other);
    proxy.cut();
    const synced = await pair.serverA.wait((said) => isSynced(said) && content(pair.b).equals(other));
    expect(synced.sent).toBe(SIZE);
    await until(() => staged(pair.b) === 0);
  });
});

describe('a change of a large file', () => {
  test('sends only what changed, in both directions', async () => {
    const data = noise(SIZE, 3);
    putWhole(pair.a, 'large', data);
    await pair.start();
    await pair.flush();
    const middle = SIZE / 2 + MIB;
    const changes: [root: string, next: Buffer][] = [
      [pair.a, Buffer.concat([Buffer.from('x'), data])],
      [pair.b, Buffer.concat([data.subarray(0, middle), noise(4096, 4), data.subarray(middle + 4096)])],
      [pair.a, Buffer.concat([data.subarray(SIZE / 2), data.subarray(0, SIZE / 2)])],
    ];
    for (const [root, next] of changes) {
      const since = pair.serverA.said.length;
      putWhole(root, 'large', next);
      const synced = await pair.serverA.wait(isSynced, since);
      expect([synced.action, synced.bytes]).toEqual(['modified', next.length]);
      expect(synced.sent).toBeLessThan(16 * 1024);
      expect(content(pair.a).equals(next)).toBe(true);
      expect(content(pair.b).equals(next)).toBe(true);
    }
  });

  test('is found out without what was learnt before a restart', async () => {
    const data = noise(SIZE, 5);
    putWhole(pair.b, 'large', data);
    await pair.start();
    await pair.flush();
    await Promise.all([pair.serverA.stop(), pair.serverB.stop()]);
    const next = Buffer.concat([noise(10, 6), data]);
    putWhole(pair.a, 'large', next);
    await pair.startB();
    await pair.startA();
    const synced = await pair.serverA.wait(isSynced);
    expect(synced.sent).toBeLessThan(16 * 1024);
    expect(content(pair.b).equals(next)).toBe(true);
  });
});

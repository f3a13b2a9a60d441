import { beforeEach, describe, expect, it } from 'vitest';
import { introducedBy, type RootDescription } from '../../../src/core/partner.js';
import type { RelPath } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import type { Replica } from '../../../src/replica.js';
import { Pair } from '../../../src/sync/pair/pair.js';
import { type EpochEvent, Epochs } from '../../../src/sync/session/epochs.js';
import { file } from '../../support/disk-site.js';

const OWN: RootDescription = { root: 'root-a', dir: '/a', device: '1', machine: 'here' };
const QUIET = { unknown: [], problems: [], rules: [], unsettled: 0, halt: null };

let pair: Pair;
let epochs: Epochs;
let now: number;
let timers: { ms: number; act: () => void }[];
let posted: EpochEvent[];
let told: { epoch: number; partner: RootDescription; answer: (error?: Error) => void }[];
let replica: Replica;

beforeEach(() => {
  pair = new Pair(new Snapshot(), { put: () => {} } as never);
  now = 1_000_000;
  timers = [];
  posted = [];
  told = [];
  const mailbox = { post: (event: EpochEvent) => void posted.push(event), wake: () => {} };
  const after = (ms: number, act: () => void) => {
    timers.push({ ms, act });
    return () => {};
  };
  epochs = new Epochs(pair, { now: () => now, after, soon: (act) => act() }, mailbox);
  replica = sideB();
});

/** A side b that answers when it is told to. */
const sideB = (): Replica =>
  ({
    acknowledge: (epoch: number, partner: RootDescription) =>
      new Promise<void>((resolve, reject) =>
        told.push({ epoch, partner, answer: (error) => (error === undefined ? resolve() : reject(error)) }),
      ),
  }) as unknown as Replica;

/** Side b comes, and is the known one. */
function meet(epoch: number | null, partner: RootDescription | null = OWN): void {
  pair.meta.put('roots', 'root-a root-b');
  pair.archive.put('a' as RelPath, file('1'));
  pair.meet(OWN, { ...introducedBy('root-b'), epoch, partner });
  for (const side of ['a', 'b'] as const) pair.foldScan(side, { ...QUIET, whole: true, entries: [] }, now);
}

const record = () => pair.agree('x' as RelPath, file(String(now)));

async function answer(error?: Error, isPresent = true): Promise<void> {
  told.at(-1)!.answer(error);
  await new Promise((resolve) => setImmediate(resolve));
  epochs.acknowledged(posted.pop()!, isPresent);
}

describe('side b is told how far both are in step', () => {
  it('at the first rest, with more than either remembers', async () => {
    pair.meta.put('epoch', 4);
    meet(9);
    expect(epochs.isStored(replica)).toBe(false);
    epochs.serve(replica, true, false);
    expect(told).toMatchObject([{ epoch: 10, partner: OWN }]);
    expect([epochs.isStored(replica), pair.meta.get('epoch')]).toEqual([false, 4]);
    await answer();
    expect([epochs.isStored(replica), pair.meta.get('epoch')]).toEqual([true, 10]);
    epochs.serve(replica, true, false);
    expect([told.length, timers.length]).toEqual([1, 0]);
  });

  it('not where it knows all already: an idle pair does nothing', () => {
    pair.meta.put('epoch', 9);
    meet(9);
    epochs.serve(replica, true, false);
    expect([told.length, timers.length, epochs.isStored(replica)]).toEqual([0, 0, true]);
  });

  it('where it remembers another partner, or an earlier state of it', () => {
    pair.meta.put('epoch', 9);
    meet(9, { ...OWN, device: '2' });
    epochs.serve(replica, true, false);
    expect(told).toHaveLength(1);
  });

  it('again when something was recorded, soon, or at once where somebody waits', async () => {
    meet(0);
    epochs.serve(replica, true, false);
    await answer();
    record();
    now += 10;
    epochs.serve(replica, true, false);
    epochs.serve(replica, true, false);
    expect([told.length, timers.length]).toEqual([1, 1]);
    epochs.serve(replica, true, true);
    expect(told.map(({ epoch }) => epoch)).toEqual([1, 2]);
    await answer();
    record();
    now += 200;
    epochs.serve(replica, true, false);
    expect(told).toHaveLength(3);
  });

  it('now and then where the pair never rests', async () => {
    meet(0);
    record();
    epochs.serve(replica, false, true);
    await answer();
    record();
    now += 1_000;
    epochs.serve(replica, false, true);
    expect(told).toHaveLength(1);
    now += 4_500;
    epochs.serve(replica, false, true);
    expect(told).toHaveLength(2);
  });

  it('once more for what was recorded while it was told', async () => {
    meet(0);
    epochs.serve(replica, true, false);
    record();
    await answer();
    expect(epochs.isStored(replica)).toBe(false);
  });

  it('and is not counted on where it could not remember, or has gone since', async () => {
    meet(3);
    epochs.serve(replica, true, false);
    await answer(new Error('its disk is full'));
    expect([epochs.isStored(replica), pair.meta.get('epoch')]).toEqual([true, null]);
    record();
    now += 200;
    epochs.serve(replica, true, false);
    await answer(undefined, false);
    expect([epochs.isStored(replica), pair.meta.get('epoch')]).toEqual([false, null]);
  });

  it('not where it is of an earlier version', () => {
    meet(null);
    record();
    epochs.serve(replica, true, true);
    expect([told.length, epochs.isStored(replica)]).toEqual([0, true]);
  });

  it('not while it may be another one', () => {
    meet(3);
    pair.loseB();
    pair.meet(OWN, { ...introducedBy('root-c'), epoch: 3 });
    record();
    epochs.serve(replica, true, true);
    expect(told).toEqual([]);
  });
});

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
  epochs = new Epochs(pair, { now: () => now, monotonic: () => now, after, soon: (act) => act() }, mailbox);
  replica = sideB();
});

/** A side b that answers when the test says so. */
const sideB = (): Replica =>
  ({
    acknowledge: (epoch: number, partner: RootDescription) =>
      new Promise<void>((resolve, reject) =>
        told.push({ epoch, partner, answer: (error) => (error === undefined ? resolve() : reject(error)) }),
      ),
  }) as unknown as Replica;

/** Side b connects, and is the known root. */
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

describe('side b is sent an epoch', () => {
  it('when both sides first agree, higher than either has stored', async () => {
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

  it('not where it has stored everything: an idle pair does nothing', () => {
    pair.meta.put('epoch', 9);
    meet(9);
    epochs.serve(replica, true, false);
    expect([told.length, timers.length, epochs.isStored(replica)]).toEqual([0, 0, true]);
  });

  it('where it has stored another partner, or an earlier state of it', () => {
    pair.meta.put('epoch', 9);
    meet(9, { ...OWN, device: '2' });
    epochs.serve(replica, true, false);
    expect(told).toHaveLength(1);
  });

  it('after each record, within 100 ms, or at once where a flush waits', async () => {
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

  it('every five seconds where the sides never agree', async () => {
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

  it('again for records made while the last epoch was sent', async () => {
    meet(0);
    epochs.serve(replica, true, false);
    record();
    await answer();
    expect(epochs.isStored(replica)).toBe(false);
  });

  it('and the epoch does not count where it could not be stored, or side b has disconnected', async () => {
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

  it('not where side b runs an earlier version', () => {
    meet(null);
    record();
    epochs.serve(replica, true, true);
    expect([told.length, epochs.isStored(replica)]).toEqual([0, true]);
  });

  it('not while it may be another root', () => {
    meet(3);
    pair.loseB();
    pair.meet(OWN, { ...introducedBy('root-c'), epoch: 3 });
    record();
    epochs.serve(replica, true, true);
    expect(told).toEqual([]);
  });
});

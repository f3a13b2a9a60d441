// Which halts a confirmation ends, and what it asks of the sides for that.
import { describe, expect, test } from 'vitest';
import type { HaltCode } from '../../../src/core/errors.js';
import type { Side } from '../../../src/core/path.js';
import type { ScanResult } from '../../../src/replica.js';
import { canConfirm, confirm } from '../../../src/sync/session/confirm.js';
import { turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

type SideHalt = NonNullable<ScanResult['halt']>['code'];
const halt = <C extends HaltCode>(code: C) => ({ code, message: 'Why.' });

/** Both sides; their scans end when the test says so. */
function open(isAway = false) {
  const { pair } = new LockFixture();
  const asked: string[] = [];
  const scans: { end(): void }[] = [];
  const state = { wakes: 0, accepted: 0, error: null as Error | null };
  const replica = (side: Side) => ({
    acceptDeletes: async () => {
      asked.push(`accept ${side} while ${pair.safety.accepting.join(' ')}`);
      if (state.error !== null) throw state.error;
    },
  });
  const queue = (side: Side) => ({
    ask: (scope: string) => asked.push(`${scope} ${side}`),
    until: () => new Promise<void>((end) => scans.push({ end })),
  });
  const sides = {
    local: replica('a'),
    localScans: queue('a'),
    peer: isAway ? null : { replica: replica('b'), scanQueue: queue('b') },
  };
  const recorder = {
    resumedBy: null as string | null,
    halted: true,
    noteHalt: () => {
      recorder.halted = pair.halts.length > 0;
    },
  };
  const confirming = {
    ...{ pair, recorder, sides: sides as never },
    mailbox: { wake: () => void state.wakes++ },
    acceptLostLocks: async () => {
      state.accepted++;
      pair.locksHalt = null;
    },
  };
  /** Ends every scan, with halts gone. */
  const scanned = () => {
    for (const side of ['a', 'b'] as const) pair.side(side).halt = null;
    recorder.noteHalt();
    for (const { end } of scans.splice(0)) end();
  };
  return { pair, asked, scans, state, recorder, confirming, scanned };
}

test.each<[SideHalt, boolean]>([
  ['root-missing', false],
  ['root-replaced', false],
  ['root-emptied', true],
  ['mass-deletion', true],
])('%s can be confirmed: %s', (code, can) => {
  for (const side of ['a', 'b'] as const) {
    const { pair } = open();
    expect(canConfirm(pair)).toBe(true);
    pair.side(side).halt = halt(code);
    expect(canConfirm(pair)).toBe(can);
  }
});

describe('a confirmation', () => {
  test('without a halt does nothing', async () => {
    const { confirming, recorder, asked, state } = open();
    recorder.halted = false;
    expect(await confirm(confirming, { acceptDeletes: true, acceptLostLocks: true })).toBe(false);
    expect([asked, state.wakes, state.accepted]).toEqual([[], 0, 0]);
  });

  test('does nothing about any halt while a root is missing', async () => {
    const { confirming, pair, asked, state } = open();
    pair.a.halt = halt('root-missing');
    pair.b.halt = halt('mass-deletion');
    pair.locksHalt = halt('locks-lost');
    expect(await confirm(confirming, { acceptDeletes: true, acceptLostLocks: true })).toBe(false);
    expect([asked, state.wakes, state.accepted]).toEqual([[], 0, 0]);
  });

  test.each<[Side, SideHalt]>([
    ['a', 'root-emptied'],
    ['b', 'root-emptied'],
    ['a', 'mass-deletion'],
    ['b', 'mass-deletion'],
  ])('has side %s report its losses (%s), and ends once that is scanned', async (side, code) => {
    for (const what of [{ acceptDeletes: true }, { newPartner: true }]) {
      const { confirming, pair, asked, state, scanned } = open();
      pair.side(side).halt = halt(code);
      let answer: boolean | null = null;
      const confirmed = confirm(confirming, what).then((over) => {
        answer = over;
      });
      await turn();
      expect([asked, answer]).toEqual([[`accept ${side} while ${side}`, `everything ${side}`], null]);
      expect([pair.safety.accepting, state.wakes]).toEqual([[side], 2]);
      scanned();
      await confirmed;
      expect([answer, pair.safety.accepting]).toEqual([true, []]);
    }
  });

  test('has both sides report their losses', async () => {
    const { confirming, pair, asked, scans, scanned } = open();
    for (const side of ['a', 'b'] as const) pair.side(side).halt = halt('mass-deletion');
    const confirmed = confirm(confirming, { acceptDeletes: true });
    await turn();
    expect(asked.sort()).toEqual(['accept a while a b', 'accept b while a b', 'everything a', 'everything b']);
    expect(scans).toHaveLength(2);
    scanned();
    expect(await confirmed).toBe(true);
  });

  test.each([{ acceptRollback: true }, { acceptLostLocks: true }, {}])(
    'of something else (%j) has none do so',
    async (what) => {
      const { confirming, pair, asked, state } = open();
      pair.b.halt = halt('mass-deletion');
      expect(await confirm(confirming, what)).toBe(false);
      expect([asked, state.accepted]).toEqual([[], 0]);
    },
  );

  test('of a side that is away asks nobody', async () => {
    const { confirming, pair, asked } = open(true);
    pair.b.halt = halt('mass-deletion');
    expect(await confirm(confirming, { acceptDeletes: true })).toBe(false);
    expect(asked).toEqual([]);
  });

  test('that a side refuses fails, and nothing is being accepted any more', async () => {
    const { confirming, pair, state } = open();
    pair.a.halt = halt('mass-deletion');
    state.error = new Error('cut');
    await expect(confirm(confirming, { acceptDeletes: true })).rejects.toThrow('cut');
    expect(pair.safety.accepting).toEqual([]);
  });

  test.each<[accept: boolean, lost: boolean, accepted: number]>([
    [true, true, 1],
    [true, false, 0],
    [false, true, 0],
  ])('of lost locks (%s) where some are lost (%s)', async (acceptLostLocks, lost, accepted) => {
    const { confirming, pair, state, recorder, asked } = open();
    if (lost) pair.locksHalt = halt('locks-lost');
    const isOver = await confirm(confirming, { acceptLostLocks });
    expect([state.accepted, recorder.halted, asked]).toEqual([accepted, lost && !acceptLostLocks, []]);
    expect([isOver, state.wakes]).toEqual([!(lost && !acceptLostLocks), 1]);
  });
});

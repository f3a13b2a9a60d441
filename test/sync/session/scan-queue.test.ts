// One look at a time: what is asked for while one is under way is joined into the next, and a look that failed is owed.
import { describe, expect, test } from 'vitest';
import { Lookout, type LookoutEvent, startLooking } from '../../../src/sync/session/scan-queue.js';
import { p, turn } from '../../support/disk-site.js';
import { LOOK, ScriptedReplica } from '../../support/session-room.js';

function open() {
  const replica = new ScriptedReplica();
  const events: LookoutEvent[] = [];
  const state = { now: 0, begun: 0 };
  const lookout = new Lookout(
    'b',
    replica,
    (event) => void events.push(event),
    () => state.now,
    () => state.begun++,
  );
  const asked = () => replica.looks.map(({ scope, paths }) => [scope, ...paths].join(' '));
  /** The look under way is answered, and what came of it taken in. */
  const answer = async () => {
    replica.looks.shift()!.answer(LOOK);
    await turn();
    lookout.end();
  };
  const fail = async () => {
    replica.looks.shift()!.fail(new Error('EIO'));
    await turn();
    lookout.fail();
  };
  return { lookout, asked, answer, fail, events, state };
}

describe('a look', () => {
  test('is begun when it is wanted, and says what it found, at what, and how long that took', async () => {
    const { lookout, asked, answer, events, state } = open();
    lookout.start();
    expect([asked(), lookout.isIdle, state.begun]).toEqual([[], true, 0]);
    expect(lookout.ask('hinted', [p('x')])).toBe(1);
    expect(lookout.isIdle).toBe(false);
    lookout.start();
    expect([asked(), lookout.isIdle, state.begun]).toEqual([['hinted x'], false, 1]);
    state.now = 7;
    await answer();
    expect(events).toEqual([{ kind: 'looked', side: 'b', look: LOOK, scope: 'hinted', paths: ['x'], ms: 7 }]);
    expect(lookout.isIdle).toBe(true);
    lookout.start();
    expect(asked()).toEqual([]);
  });

  test('takes along all that was asked for while another was under way', async () => {
    const { lookout, asked, answer } = open();
    lookout.ask('hinted');
    lookout.start();
    expect([
      lookout.ask('hinted', [p('x')]),
      lookout.ask('everything', [p('y')]),
      lookout.ask('hinted', [p('x')]),
    ]).toEqual([2, 2, 2]);
    lookout.start();
    expect(asked()).toEqual(['hinted']);
    await answer();
    expect(lookout.isIdle).toBe(false);
    lookout.start();
    expect(asked()).toEqual(['everything x y']);
  });

  test('that was at everything is followed by one at what is hinted at', async () => {
    const { lookout, asked, answer } = open();
    lookout.ask('everything');
    lookout.start();
    await answer();
    lookout.ask('hinted');
    lookout.start();
    expect(asked()).toEqual(['hinted']);
  });
});

describe('a look that failed', () => {
  test.each([
    ['everything', 'everything x y'],
    ['hinted', 'hinted x y'],
  ] as const)('at %s is owed, with the paths that it was asked for', async (scope, next) => {
    const { lookout, asked, answer, fail, events } = open();
    lookout.ask(scope, [p('x')]);
    lookout.start();
    await fail();
    expect(events).toEqual([{ kind: 'look-failed', side: 'b', error: expect.objectContaining({ message: 'EIO' }) }]);
    expect(lookout.isIdle).toBe(false);
    lookout.start();
    expect(asked()).toEqual([]);
    lookout.ask('hinted', [p('y')]);
    lookout.start();
    expect(asked()).toEqual([next]);
    await answer();
    expect(lookout.isIdle).toBe(true);
    lookout.ask('hinted');
    lookout.start();
    expect(asked()).toEqual(['hinted']);
  });
});

describe('who waits', () => {
  const waits = (lookout: Lookout, number: number) => {
    const state = { done: false };
    void lookout.until(number).then(() => {
      state.done = true;
    });
    return state;
  };

  test('for a look goes on when that one has been taken in, or a later one after a failure', async () => {
    const { lookout, answer, fail } = open();
    const first = waits(lookout, lookout.ask('hinted'));
    lookout.start();
    const second = waits(lookout, lookout.ask('hinted'));
    await fail();
    expect([first.done, lookout.finished]).toEqual([false, 0]);
    lookout.start();
    await answer();
    await turn();
    expect([first.done, second.done, lookout.finished]).toEqual([true, true, 2]);
    const third = waits(lookout, 3);
    lookout.ask('hinted');
    lookout.start();
    await turn();
    expect(third.done).toBe(false);
    await answer();
    await turn();
    expect([third.done, lookout.finished]).toEqual([true, 3]);
  });

  test('goes on as well when no look will be taken in any more, and only once', async () => {
    const { lookout } = open();
    const one = waits(lookout, 1);
    const two = waits(lookout, 9);
    lookout.abandon();
    await turn();
    expect([one.done, two.done]).toEqual([true, true]);
  });
});

test('paths that are due are looked at, and nothing is where nothing is wanted', () => {
  const { lookout, asked } = open();
  startLooking(lookout, []);
  expect(asked()).toEqual([]);
  startLooking(lookout, [p('x')]);
  expect(asked()).toEqual(['hinted x']);
});

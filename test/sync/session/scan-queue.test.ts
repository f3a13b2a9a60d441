// One scan at a time: requests during a scan are merged into the next one, and a failed scan is repeated.
import { describe, expect, test } from 'vitest';
import { type ScanEvent, ScanQueue, startScans } from '../../../src/sync/session/scan-queue.js';
import { p, turn } from '../../support/disk-site.js';
import { LOOK, ScriptedReplica } from '../../support/session-fixture.js';

function open() {
  const replica = new ScriptedReplica();
  const events: ScanEvent[] = [];
  const state = { now: 0, begun: 0 };
  const scanQueue = new ScanQueue(
    'b',
    replica,
    (event) => void events.push(event),
    () => state.now,
    () => state.begun++,
  );
  const asked = () => replica.scans.map(({ scope, paths }) => [scope, ...paths].join(' '));
  /** Answers the running scan and folds its result in. */
  const answer = async (scan = LOOK) => {
    replica.scans.shift()!.answer(scan);
    await turn();
    scanQueue.end();
  };
  const fail = async () => {
    replica.scans.shift()!.fail(new Error('EIO'));
    await turn();
    scanQueue.fail();
  };
  return { scanQueue, asked, answer, fail, events, state };
}

describe('a scan', () => {
  test('starts when it is requested, and reports its result, its paths and its duration', async () => {
    const { scanQueue, asked, answer, events, state } = open();
    scanQueue.start();
    expect([asked(), scanQueue.isIdle, state.begun]).toEqual([[], true, 0]);
    expect(scanQueue.ask('hinted', [p('x')])).toBe(1);
    expect(scanQueue.isIdle).toBe(false);
    scanQueue.start();
    expect([asked(), scanQueue.isIdle, state.begun]).toEqual([['hinted x'], false, 1]);
    state.now = 7;
    await answer();
    expect(events).toEqual([{ kind: 'scanned', side: 'b', scan: LOOK, scope: 'hinted', paths: ['x'], ms: 7 }]);
    expect(scanQueue.isIdle).toBe(true);
    scanQueue.start();
    expect(asked()).toEqual([]);
  });

  test('covers all requests that arrived during the one before', async () => {
    const { scanQueue, asked, answer } = open();
    scanQueue.ask('hinted');
    scanQueue.start();
    expect([
      scanQueue.ask('hinted', [p('x')]),
      scanQueue.ask('everything', [p('y')]),
      scanQueue.ask('hinted', [p('x')]),
    ]).toEqual([2, 2, 2]);
    scanQueue.start();
    expect(asked()).toEqual(['hinted']);
    await answer();
    expect(scanQueue.isIdle).toBe(false);
    scanQueue.start();
    expect(asked()).toEqual(['everything x y']);
  });

  test('of everything is followed by one of the hinted paths', async () => {
    const { scanQueue, asked, answer } = open();
    scanQueue.ask('everything');
    scanQueue.start();
    await answer();
    scanQueue.ask('hinted');
    scanQueue.start();
    expect(asked()).toEqual(['hinted']);
  });
});

test('a scan that halts reports no path: the next one is asked for its paths as well, and nothing is owed', async () => {
  const { scanQueue, asked, answer } = open();
  scanQueue.ask('everything', [p('x')]);
  scanQueue.start();
  await answer({ ...LOOK, halt: { code: 'root-emptied', message: 'It is empty.' } });
  expect(scanQueue.isIdle).toBe(true);
  scanQueue.start();
  expect(asked()).toEqual([]);
  scanQueue.ask('hinted', [p('y')]);
  scanQueue.start();
  expect(asked()).toEqual(['hinted x y']);
  await answer();
  scanQueue.ask('hinted');
  scanQueue.start();
  expect(asked()).toEqual(['hinted']);
});

describe('a scan that failed', () => {
  test.each([
    ['everything', 'everything x y'],
    ['hinted', 'hinted x y'],
  ] as const)('at %s is owed, with the paths that it was asked for', async (scope, next) => {
    const { scanQueue, asked, answer, fail, events } = open();
    scanQueue.ask(scope, [p('x')]);
    scanQueue.start();
    await fail();
    expect(events).toEqual([{ kind: 'scan-failed', side: 'b', error: expect.objectContaining({ message: 'EIO' }) }]);
    expect(scanQueue.isIdle).toBe(false);
    scanQueue.start();
    expect(asked()).toEqual([]);
    scanQueue.ask('hinted', [p('y')]);
    scanQueue.start();
    expect(asked()).toEqual([next]);
    await answer();
    expect(scanQueue.isIdle).toBe(true);
    scanQueue.ask('hinted');
    scanQueue.start();
    expect(asked()).toEqual(['hinted']);
  });
});

describe('a waiter', () => {
  const waits = (scanQueue: ScanQueue, number: number) => {
    const state = { done: false };
    void scanQueue.until(number).then(() => {
      state.done = true;
    });
    return state;
  };

  test('continues when its scan, or after a failure a later one, has been folded in', async () => {
    const { scanQueue, answer, fail } = open();
    const first = waits(scanQueue, scanQueue.ask('hinted'));
    scanQueue.start();
    const second = waits(scanQueue, scanQueue.ask('hinted'));
    await fail();
    expect([first.done, scanQueue.finished]).toEqual([false, 0]);
    scanQueue.start();
    await answer();
    await turn();
    expect([first.done, second.done, scanQueue.finished]).toEqual([true, true, 2]);
    const third = waits(scanQueue, 3);
    scanQueue.ask('hinted');
    scanQueue.start();
    await turn();
    expect(third.done).toBe(false);
    await answer();
    await turn();
    expect([third.done, scanQueue.finished]).toEqual([true, 3]);
  });

  test('continues, once, when no scan will be folded in any more', async () => {
    const { scanQueue } = open();
    const one = waits(scanQueue, 1);
    const two = waits(scanQueue, 9);
    scanQueue.abandon();
    await turn();
    expect([one.done, two.done]).toEqual([true, true]);
  });
});

test('due paths are scanned, and nothing where nothing is requested', () => {
  const { scanQueue, asked } = open();
  startScans(scanQueue, []);
  expect(asked()).toEqual([]);
  startScans(scanQueue, [p('x')]);
  expect(asked()).toEqual(['hinted x']);
});

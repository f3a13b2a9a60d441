// The hints themselves: how they are gathered, and when the alarm goes off. Time is played.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Hints } from '../../../src/disk/watch/hints.js';
import { p } from '../../support/disk-site.js';

let calls: number;
let hints: Hints;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  calls = 0;
  hints = new Hints(Date.now, () => calls++);
});
afterEach(() => {
  hints.close();
  vi.useRealTimers();
});

/** How many calls come within so many milliseconds. */
function callsIn(ms: number): number {
  const before = calls;
  vi.advanceTimersByTime(ms);
  return calls - before;
}

it('calls once for all hints of three milliseconds', () => {
  hints.add(p('a'));
  hints.add(p('b'), true);
  expect([callsIn(2), callsIn(1), callsIn(100)]).toEqual([0, 1, 0]);
  expect(hints.take()).toEqual({
    everything: false,
    paths: new Map([
      ['a', false],
      ['b', true],
    ]),
  });
  expect(hints.take()).toEqual({ everything: false, paths: new Map() });
  hints.add(p('c'));
  expect(callsIn(3)).toBe(1);
});

it('calls for no scan where a path is only to be in the next one', () => {
  hints.include(p('a'));
  hints.requireAll();
  expect(callsIn(1_000)).toBe(0);
  expect([hints.everything, hints.take()]).toEqual([true, { everything: true, paths: new Map() }]);
  expect(hints.everything).toBe(false);
  hints.addAll();
  expect([callsIn(3), hints.everything]).toEqual([1, true]);
});

it('reads names again once that was asked for, whatever is hinted later', () => {
  hints.include(p('d'), true);
  hints.include(p('d'));
  hints.include(p('e'));
  hints.include(p('e'), true);
  expect([...hints.paths]).toEqual([
    ['d', true],
    ['e', true],
  ]);
});

it('wants everything with more than 20,000 paths, and keeps none of them', () => {
  for (let n = 0; n < 20_000; n++) hints.include(p(`f${n}`));
  expect([hints.everything, hints.paths.size]).toEqual([false, 20_000]);
  hints.include(p('one more'));
  expect([hints.everything, hints.paths.size]).toEqual([true, 0]);
  hints.include(p('and another'));
  expect(hints.paths.size).toBe(0);
});

it('has one alarm, which can be set earlier, or to another time', () => {
  hints.setAlarm(Date.now() + 1_000);
  hints.alarmBy(Date.now() + 2_000);
  hints.alarmBy(Date.now() + 500);
  expect([callsIn(499), callsIn(1), callsIn(5_000)]).toEqual([0, 1, 0]);
  hints.alarmBy(Date.now() + 300);
  expect([callsIn(299), callsIn(1)]).toEqual([0, 1]);
  hints.setAlarm(Date.now() + 100);
  hints.setAlarm(Date.now() + 700);
  expect([callsIn(699), callsIn(1)]).toEqual([0, 1]);
  hints.setAlarm(Date.now() + 100);
  hints.setAlarm(Number.POSITIVE_INFINITY);
  expect([callsIn(50_000), vi.getTimerCount()]).toEqual([0, 0]);
});

it('is late by ten seconds at most where the clock is set back, and waits for a millisecond at least', () => {
  hints.setAlarm(Date.now() + 60_000);
  expect([callsIn(9_999), callsIn(1)]).toEqual([0, 1]);
  hints.setAlarm(Date.now() - 5_000);
  expect([calls, callsIn(1)]).toEqual([1, 1]);
  hints.setAlarm(Date.now() + 1.5);
  expect([callsIn(1), callsIn(1)]).toEqual([0, 1]);
});

it('calls for nothing once it is closed', () => {
  hints.add(p('a'));
  hints.setAlarm(Date.now() + 10);
  hints.close();
  hints.add(p('b'));
  hints.setAlarm(Date.now() + 10);
  expect([callsIn(50_000), vi.getTimerCount()]).toEqual([0, 0]);
});

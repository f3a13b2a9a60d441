// What waits is counted anew when something has changed, and a count that took long is used for a while.
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Plan } from '../../../src/core/reconcile/reconcile.js';
import { WaitingChanges } from '../../../src/sync/session/waiting.js';
import { file, p } from '../../support/disk-site.js';

const change = (path: string) => ({ path: p(path), action: 'created' as const, before: null, after: file('123') });
const plan = { toA: [change('x')], toB: [change('y'), change('z')], agreed: [], postponed: [], conflicts: [] } as Plan;

/** Milliseconds that a plan takes. */
let costs = 0;
let now = 0;
beforeEach(() => {
  costs = 0;
  now = 10_000;
});

function open(planned: Plan | null = plan) {
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const pair = { generation: 1, records: 0 };
  const planner = {
    asked: 0,
    waiting() {
      this.asked++;
      now += costs;
      return planned;
    },
  };
  return { pair, planner, waiting: new WaitingChanges(pair, planner) };
}

test('what goes to either side is counted, with each path', () => {
  const { files, bytes, paths } = open().waiting.count();
  expect([files, bytes, [...paths.keys()]]).toEqual([3, 9, ['x', 'y', 'z']]);
});

test('where nothing can be planned nothing waits', () => {
  expect(open(null).waiting.count()).toMatchObject({ files: 0, bytes: 0 });
});

test.each<[it: string, changes: boolean, costs: number, later: number, asked: number]>([
  ['used again while nothing has changed for 20 times as long as it took', false, 100, 1_999, 1],
  ['made anew after that', false, 100, 2_000, 2],
  ['used again where something changed, for 800 ms', true, 100, 799, 1],
  ['made anew after them where something changed', true, 100, 800, 2],
  ['made anew after 20 times as long as it took where that is less, too', true, 10, 200, 2],
  ['used again before that', true, 10, 199, 1],
])('a count is %s', (_, changes, ms, later, asked) => {
  for (const what of ['generation', 'records'] as const) {
    const { pair, planner, waiting } = open();
    costs = ms;
    waiting.count();
    if (changes) pair[what]++;
    now += later;
    waiting.count();
    expect(planner.asked).toBe(asked);
  }
});

test('a count that is forgotten is made anew', () => {
  const { planner, waiting } = open();
  costs = 100;
  waiting.count();
  waiting.forget();
  waiting.count();
  expect(planner.asked).toBe(2);
});

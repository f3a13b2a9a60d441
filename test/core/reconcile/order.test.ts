import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import { inOrder } from '../../../src/core/reconcile/order.js';
import { applyPlan, isEmpty, pairOf, planOf } from '../../support/core/apply.js';
import { propertyMs, replay, runs, threeTrees } from '../../support/core/random.js';
import { showChanges, tree } from '../../support/core/tree.js';

describe('inOrder', () => {
  test.each([
    ['parents before children', '', 'd/e/x:1', '+d +d/e +d/e/x'],
    ['children before parents where they go', 'd/e/x:1', '', '-d/e/x -d/e -d'],
    ['a place before the move, the move before the old place goes', 'd/x:1', 'e/x:1', '+e d/x>e/x -d'],
    ['an emptied directory before a file takes its name', 'd/x:1', 'd:2', '-d/x *d'],
    ['a move out of a directory before a file takes its name', 'd/x:1', 'd:2 y:1', 'd/x>y *d'],
    ['a directory for a file before what comes into it', 'x:1', 'x/y:2', '*x +x/y'],
    ['moves before links', 'b:1', 'a->c c:1', 'b>c +a'],
    ['links before contents', '', 'a:1 z->a', '+z +a'],
    ["a directory's mode last: it may forbid to write in it", 'd/x:1 y:2', 'd/!500 d/x:1 d/y:2', 'y>d/y ~d'],
    ['a file for a directory before the mode of the one above', 'd/e/x:1', 'd/!500 d/e:2', '-d/e/x *d/e ~d'],
  ])('%s', (_, before, after, expected) => {
    const plan = planOf(pairOf(tree(before), tree(after), tree(before)));
    expect(showChanges(plan.toB)).toBe(expected);
    expect(showChanges(inOrder([...plan.toB].reverse()))).toBe(showChanges(plan.toB));
  });

  test(`whatever order a plan comes in, it leaves in one that works, ${replay}`, { timeout: propertyMs }, () => {
    fc.assert(
      fc.property(threeTrees, fc.infiniteStream(fc.nat()), ({ archive, a, b }, luck) => {
        const pair = pairOf(archive, a, b);
        const plan = planOf(pair);
        const again = { ...plan, toA: inOrder(shuffled(plan.toA, luck)), toB: inOrder(shuffled(plan.toB, luck)) };
        expect(showChanges(again.toA)).toBe(showChanges(plan.toA));
        expect(showChanges(again.toB)).toBe(showChanges(plan.toB));
        if (!isEmpty(plan)) applyPlan(pair, again);
      }),
      runs(300),
    );
  });
});

function shuffled(changes: readonly Change[], luck: Iterator<number>): Change[] {
  const keyed = changes.map((change) => ({ change, key: luck.next().value as number }));
  return keyed.sort((x, y) => x.key - y.key).map(({ change }) => change);
}

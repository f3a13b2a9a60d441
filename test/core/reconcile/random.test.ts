// The decision, by random trees. What must hold whatever two people did: it settles, nothing is lost, nothing that was
// deleted comes back, and the two sides are treated alike. FUZZ_RUNS=100000 makes it long, FUZZ_SEED replays it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import { mtimeOf, sameEntry } from '../../../src/core/entry.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { type Marks, PathSet } from '../../../src/core/path-set.js';
import type { Plan } from '../../../src/core/reconcile/reconcile.js';
import { applyPart, type Pair, pairOf, planOf, settle } from '../../support/core/apply.js';
import { expectGone, expectKept, expectSettled, expectUntouched, Made } from '../../support/core/promises.js';
import { after, deeds, path, propertyMs, replay, runs, threeTrees } from '../../support/core/random.js';
import { differences, lineage, showChanges, showEntry, showTree, type Tree } from '../../support/core/tree.js';

const FEW = 200;

/** What a list of changes comes to, with renames taken apart again: which of several equal files is moved is of no account. */
function effects(changes: readonly Change[]): string[] {
  const apart = changes.flatMap((change): Change[] => {
    if (change.from === undefined) return [change];
    const { path, after, from } = change;
    return [
      { path, action: 'created', before: null, after },
      { path: from.path, action: 'deleted', before: from.entry, after: null },
    ];
  });
  return apart
    .map((change) => `${showChanges([change])} ${change.after === null ? '' : showEntry('', change.after)}`)
    .sort();
}

const exchange = (side: Side): Side => (side === 'a' ? 'b' : 'a');

function exchangedPlan(plan: Plan): unknown {
  const names = (text: string) => text.replace(/~([ab])/g, (_, side: Side) => `~${exchange(side)}`);
  return {
    toA: effects(plan.toB).map(names).sort(),
    toB: effects(plan.toA).map(names).sort(),
    conflicts: plan.conflicts.map(({ path, kept, copy }) => names(`${path} ${exchange(kept)} ${copy}`)).sort(),
  };
}

function plainPlan(plan: Plan): unknown {
  return {
    toA: effects(plan.toA),
    toB: effects(plan.toB),
    conflicts: plan.conflicts.map(({ path, kept, copy }) => `${path} ${kept} ${copy}`).sort(),
  };
}

/** Takes the ties out, which go to a: contents and modes that differ get times that differ, directories one mode. */
function withoutTies({ archive, a, b }: { archive: Tree; a: Tree; b: Tree }): Pair {
  const untied = new Map(b);
  for (const [at, entry] of b) {
    const other = a.get(at);
    if (other === undefined || sameEntry(other, entry)) continue;
    if (entry.type === 'dir') {
      if (other.type === 'dir') untied.set(at, other);
    } else if (mtimeOf(other) === mtimeOf(entry)) untied.set(at, { ...entry, mtime: entry.mtime + 100 });
  }
  return pairOf(archive, a, untied);
}

/** Marks as looks leave them: what differs from the archive on either side; of what vanished only the topmost. */
function marksOf(pair: Pair): Marks {
  const marks = new PathSet();
  for (const side of [pair.a, pair.b]) {
    for (const at of differences(pair.archive, side)) {
      const [above] = lineage(at).slice(-2);
      if (!side.has(at) && above !== at && above !== undefined && !side.has(above)) continue;
      marks.add(at);
    }
  }
  return marks.root;
}

/** @returns the paths that more than one step has to do with: steps of one plan must not meet. */
function doubled(plan: Plan): RelPath[] {
  const touched = [...plan.toA, ...plan.toB].flatMap((change) => [
    change.path,
    ...(change.from === undefined ? [] : [change.from.path]),
    ...(change.conflictCopy === undefined ? [] : [change.conflictCopy]),
  ]);
  return touched.filter((at, i) => touched.indexOf(at) !== i);
}

describe(`reconcile, random trees, ${replay}`, { timeout: propertyMs }, () => {
  test('converges in three rounds, in an order that works, and loses nothing', () => {
    fc.assert(
      fc.property(threeTrees, ({ archive, a, b }) => {
        const pair = pairOf(archive, a, b);
        expect(doubled(planOf(pair))).toEqual([]);
        settle(pair);
        expectSettled(pair);
        expectKept(archive, a, pair.a);
        expectKept(archive, b, pair.a);
        expectGone(pairOf(archive, a, b), pair.a);
      }),
      runs(FEW),
    );
  });

  test('unrelated trees converge too', () => {
    fc.assert(
      fc.property(deeds(8), deeds(8), deeds(8), (past, byA, byB) => {
        const [archive, a, b] = [after(new Map(), past), after(new Map(), byA), after(new Map(), byB)];
        const pair = pairOf(archive, a, b);
        settle(pair);
        expectSettled(pair);
        expectKept(archive, a, pair.a);
        expectKept(archive, b, pair.a);
      }),
      runs(FEW),
    );
  });

  test('first contact deletes nothing, and losers are in versions', () => {
    fc.assert(
      fc.property(deeds(8), deeds(8), (byA, byB) => {
        const nothing: Tree = new Map();
        const [a, b] = [after(nothing, byA), after(nothing, byB)];
        const pair = pairOf(nothing, a, b);
        for (const plan of settle(pair, { firstContact: true })) {
          expect(
            [...plan.toA, ...plan.toB].filter(({ action }) => action === 'deleted' || action === 'renamed'),
          ).toEqual([]);
        }
        expectSettled(pair);
        const versions = pair.versions.map(({ entry }) => entry);
        expectKept(nothing, a, pair.a, versions);
        expectKept(nothing, b, pair.a, versions);
        for (const at of [...a.keys(), ...b.keys()]) expect(pair.a.has(at)).toBe(true);
      }),
      runs(FEW),
    );
  });

  test('where one side alone changed, the other follows exactly', () => {
    fc.assert(
      fc.property(deeds(12), deeds(6), fc.boolean(), (past, done, byA) => {
        const archive = after(new Map(), past);
        const changed = after(archive, done);
        const pair = byA ? pairOf(archive, changed, archive) : pairOf(archive, archive, changed);
        const plans = settle(pair, {}, 1);
        expect(plans.flatMap((plan) => [...(byA ? plan.toA : plan.toB), ...plan.conflicts, ...plan.agreed])).toEqual(
          [],
        );
        expect(showTree(byA ? pair.b : pair.a)).toBe(showTree(changed));
        expectSettled(pair);
      }),
      runs(FEW),
    );
  });

  test('both sides are treated alike, except for ties', () => {
    fc.assert(
      fc.property(threeTrees, fc.boolean(), (trees, firstContact) => {
        const { archive, a, b } = withoutTies(trees);
        const past: Tree = firstContact ? new Map() : archive;
        const plan = planOf(pairOf(past, a, b), { firstContact });
        const mirror = planOf(pairOf(past, b, a), { firstContact });
        expect(exchangedPlan(mirror)).toEqual(plainPlan(plan));
      }),
      runs(FEW),
    );
  });

  test('reconciling only the marks gives the same result as reconciling everything', () => {
    fc.assert(
      fc.property(threeTrees, ({ archive, a, b }) => {
        const [whole, marked] = [pairOf(archive, a, b), pairOf(archive, a, b)];
        settle(whole);
        settle(marked, { marks: marksOf });
        expectSettled(marked);
        expect(showTree(marked.a)).toBe(showTree(whole.a));
      }),
      runs(FEW),
    );
  });

  test('a pinned path stays on both sides, with its directories, until it is released', () => {
    fc.assert(
      fc.property(threeTrees, fc.array(path, { minLength: 1, maxLength: 3 }), ({ archive, a, b }, pins) => {
        const pair = pairOf(archive, a, b);
        settle(pair, { pinned: (at) => pins.includes(at) });
        for (const side of ['a', 'b'] as const) {
          for (const pin of pins) expectUntouched(pin, side === 'a' ? a : b, pair[side]);
        }
        settle(pair);
        expectSettled(pair);
        expectKept(archive, a, pair.a);
        expectKept(archive, b, pair.a);
      }),
      runs(FEW),
    );
  });

  test('interrupted anywhere, changed and planned again, it converges and loses nothing', () => {
    const turn = fc.record({
      luck: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      byA: deeds(2),
      byB: deeds(2),
    });
    fc.assert(
      fc.property(threeTrees, fc.array(turn, { maxLength: 4 }), ({ archive, a, b }, turns) => {
        const pair = pairOf(archive, a, b);
        const made = new Made(pair);
        for (const { luck, byA, byB } of turns) {
          let at = 0;
          applyPart(pair, planOf(pair), () => luck[at++ % luck.length]!);
          made.expectAll(pair);
          made.perturb(pair, 'a', byA);
          made.perturb(pair, 'b', byB);
        }
        settle(pair);
        expectSettled(pair);
        made.expectAll(pair);
      }),
      runs(FEW),
    );
  });
});

// Planning for marked paths: what is queued, what is left out and postponed, and when preferences and retries are
// forgotten.
import { describe, expect, test } from 'vitest';
import { LockTable } from '../../../src/core/locks/table.js';
import type { Side } from '../../../src/core/path.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import type { PeerSide } from '../../../src/sync/session/peer-side.js';
import { Planner } from '../../../src/sync/session/planner.js';
import { previewOf } from '../../../src/sync/session/preview.js';
import { ProblemRetries } from '../../../src/sync/session/problems.js';
import { showChanges, snapshotOf, tree } from '../../support/core/tree.js';
import { file, p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const NOON = Date.parse('2026-11-21T12:00:00');

/** A transfer queue that only records. */
class Taken {
  size = 0;
  started = 0;
  plans: string[] = [];
  add(changes: Parameters<typeof showChanges>[0]): void {
    if (changes.length > 0) this.plans.push(showChanges(changes));
  }
  start(): void {
    this.started++;
  }
}

function open(shared: string, a = shared, b = shared) {
  const fixture = new LockFixture();
  const { pair, lockState } = fixture;
  for (const [path, entry] of tree(shared)) pair.archive.put(path, entry);
  for (const [side, text] of [
    ['a', a],
    ['b', b],
  ] as const)
    pair.side(side).snapshot = snapshotOf(tree(text));
  const claims = new Claims();
  const frozen = new Set<string>();
  const retried: string[] = [];
  const retries = new ProblemRetries(fixture.log, (path) => void retried.push(path), { after: () => () => {} });
  const heldUpdates = { isFrozen: (path: string) => frozen.has(path) } as never;
  const planner = new Planner({ pair, lockState, heldUpdates, retries, clock: { now: () => NOON }, claims });
  const queues = { a: new Taken(), b: new Taken() };
  pair.clearMarks();
  const plan = () => {
    for (const taken of Object.values(queues)) taken.plans = [];
    planner.plan(queues as never);
    return [queues.a.plans.join(' | '), queues.b.plans.join(' | ')];
  };
  const prefer = (path: string, side: Side, other?: 'copy' | 'discard') =>
    void lockState.commit([
      { table: 'preference', key: path, value: { path: p(path), side, ...(other === undefined ? {} : { other }) } },
    ]);
  return { fixture, pair, lockState, claims, frozen, retries, planner, queues, plan, prefer };
}

describe('a plan', () => {
  test('covers the marked paths and starts the queues of both sides', () => {
    const { pair, plan, queues } = open('x:1 y:1', 'x:2 y:2', 'x:1 y:1 z:3');
    expect(plan()).toEqual(['', '']);
    expect([queues.a.started, queues.b.started]).toEqual([1, 1]);
    pair.mark(p('x'));
    pair.mark(p('z'));
    expect(plan()).toEqual(['+z', '*x']);
    expect([queues.a.started, queues.b.started, pair.hasMarks]).toEqual([2, 2, false]);
    pair.markEverything();
    expect(plan()).toEqual(['+z', expect.stringContaining('*y')]);
  });

  test('records what both sides agree on', () => {
    const { pair, plan } = open('x:1', 'x:22', 'x:22');
    pair.mark(p('x'));
    expect(plan()).toEqual(['', '']);
    expect(pair.shared(p('x'))).toMatchObject({ size: 2 });
  });

  test.each<[string, (scene: ReturnType<typeof open>) => void, boolean]>([
    ['claimed', ({ claims }) => void claims.claim(p('x'), 'transfer'), true],
    ['under a lock', ({ frozen }) => void frozen.add('x'), false],
    ['out of reach', ({ pair }) => void Object.assign(pair.a, { unknown: new Set([p('x')]) }), false],
  ])('leaves out what is %s', (_, hold, isPostponed) => {
    const scene = open('x:1 y:1', 'x:2 y:2', 'x:1 y:1');
    hold(scene);
    scene.pair.mark(p('x'));
    scene.pair.mark(p('y'));
    expect(scene.plan()).toEqual(['', '*y']);
    expect([scene.pair.postponed.size > 0, scene.pair.hasMarks]).toEqual([isPostponed, false]);
  });

  test.each<[Side, number, string]>([
    ['a', 1, ''],
    ['b', 1, ''],
    ['a', 0, '*x'],
  ])('takes up what was postponed when nothing is carried any more (side %s: %d)', (side, size, planned) => {
    const { pair, claims, queues, plan } = open('x:1', 'x:2', 'x:1');
    const claim = claims.claim(p('x'), 'transfer');
    pair.mark(p('x'));
    expect(plan()).toEqual(['', '']);
    claims.release(claim);
    queues[side].size = size;
    expect(plan()).toEqual(['', planned]);
  });

  test.each<[string, (retries: ProblemRetries) => void]>([
    ['a problem', (retries) => retries.failed(p('d'), 'no-space', 'full')],
    ['a write that found another content', (retries) => retries.moved(p('d'))],
  ])('does not try again before its time after %s', (_, fail) => {
    const { pair, plan, retries } = open('', '', 'd/ d/x:1');
    fail(retries);
    pair.mark(p('d/x'));
    expect(plan()).toEqual(['', '']);
    retries.due(p('d'));
    pair.mark(p('d'), true);
    expect(plan()).toEqual(['+d +d/x', '']);
  });

  test('tries again at once what a scan reports, and everything where everything is compared', () => {
    const { pair, plan, retries } = open('', '', 'x:1 y:1');
    for (const path of ['x', 'y']) retries.failed(p(path), 'no-space', 'full');
    retries.reported([{ path: p('x') }]);
    for (const path of ['x', 'y']) pair.mark(p(path));
    expect(plan()).toEqual(['+x', '']);
    pair.markEverything();
    expect(plan()).toEqual(['+x +y', '']);
  });

  test('goes on in a directory whose mode could not be set', () => {
    const { pair, plan, retries } = open('d/', 'd/', 'd/ d/x:1');
    retries.failed(p('d'), 'no-permission', 'EPERM');
    pair.mark(p('d/x'));
    expect(plan()).toEqual(['+d/x', '']);
  });

  test('gives conflict copies free names: unused on both sides, unclaimed, and unique in the plan', () => {
    const name = 'x (conflict A 2026-11-21 12-00-00)';
    const conflicts = (scene: ReturnType<typeof open>) => {
      scene.pair.mark(p('x'));
      return scene.plan().find((changes) => changes !== '');
    };
    const both = (more: (scene: ReturnType<typeof open>) => void = () => {}) => {
      const scene = open('x:1', 'x:2@5', 'x:3@9');
      more(scene);
      return conflicts(scene);
    };
    const second = `*x|${name.replace(')', ' 2)')}`;
    expect(both()).toBe(`*x|${name}`);
    expect(both(({ claims }) => void claims.claim(p(name), 'transfer'))).toBe(second);
    for (const side of ['a', 'b'] as const) {
      expect(both(({ pair }) => void pair.side(side).snapshot!.put(p(name), file('1')))).toBe(second);
    }
  });

  test('gives a file and an earlier copy of it two names where both are in conflict', () => {
    const { pair, plan } = open('x:1', 'x:2@5', 'x:3@9');
    const earlier = p('x (conflict A 2020-01-01 00-00-00)');
    pair.archive.put(earlier, file('1'));
    pair.a.snapshot!.put(earlier, { ...file('2'), mtime: 5 });
    pair.b.snapshot!.put(earlier, { ...file('3'), mtime: 9 });
    for (const path of [p('x'), earlier]) pair.mark(path);
    const copies = plan()
      .join()
      .match(/\|x \(conflict A 2026[^)]*\)/g);
    expect(new Set(copies)).toEqual(
      new Set(['|x (conflict A 2026-11-21 12-00-00)', '|x (conflict A 2026-11-21 12-00-00 2)']),
    );
  });

  test('at a first contact keeps the newer and makes no copy', () => {
    const { pair, plan } = open('', 'x:2@5', 'x:3@9');
    pair.meta.put('firstContact', true);
    pair.mark(p('x'));
    expect(plan()).toEqual(['*x', '']);
  });

  test('returns a conflict once, when the change that resolves it is done', () => {
    const { pair, plan, planner } = open('x:1', 'x:2@5', 'x:3@9');
    pair.mark(p('x'));
    plan();
    const change = { path: p('x'), action: 'modified', before: null, after: null } as const;
    expect(planner.takeConflict(change)).toMatchObject({ path: 'x', kept: 'b' });
    expect(planner.takeConflict(change)).toBe(null);
  });
});

describe('a preference', () => {
  test.each<[Side, string, string]>([
    ['a', '', '*x'],
    ['b', '*x', ''],
  ])('for side %s decides a conflict without regard to time', (side, toA, toB) => {
    const { pair, plan, prefer } = open('x:1', 'x:2@5', 'x:3@9');
    prefer('x', side);
    pair.mark(p('x'));
    const shown = plan().map((changes) => changes.replace(/\|.*/, ''));
    expect(shown).toEqual([toA, toB]);
  });

  test.each([
    ['copy', '*x|x (conflict B 2026-11-21 12-00-00)'],
    ['discard', '*x'],
  ] as const)('that insists prevails over a side that changed alone, whose content goes: %s', (other, toB) => {
    const { pair, plan, prefer } = open('x:1', 'x:1', 'x:3@9');
    prefer('x', 'a', other);
    pair.mark(p('x'));
    expect(plan()).toEqual(['', toB]);
  });

  test.each([
    ['discard', 'x:3', '', '*x'],
    ['discard', 'x:2', '*x', ''],
    ['copy', 'x:3', '', '*x|x (conflict B 2026-11-21 12-00-00)'],
    ['copy', 'x:2', '', '*x|x (conflict B 2026-11-21 12-00-00)'],
  ] as const)('%s, told of %s, is about no other content, and a copy is kept of any', (other, last, toA, toB) => {
    const { lockState, pair, plan } = open('x:1', 'x:1', 'x:3@9');
    const value = { path: p('x'), side: 'a', other, last: tree(last).get(p('x'))! } as const;
    void lockState.commit([{ table: 'preference', key: 'x', value }]);
    pair.mark(p('x'));
    expect(plan()).toEqual([toA, toB]);
  });

  const isKept = ({ lockState }: ReturnType<typeof open>) => lockState.table.preferences.has(p('x'));

  test.each<[it: string, b: string, other: boolean, isKept: boolean]>([
    ['contents differ', 'x:2', false, true],
    ['contents are the same', 'x:1@7', false, false],
    ['that overrides, times differ', 'x:1@7', true, true],
    ['that overrides, all is the same', 'x:1', true, false],
  ])('is kept while %s', (_, b, other, kept) => {
    const scene = open('x:1', 'x:1', b);
    scene.prefer('x', 'a', other ? 'discard' : undefined);
    scene.plan();
    expect(isKept(scene)).toBe(kept);
  });

  test('is kept while the path is claimed', () => {
    const scene = open('x:1');
    scene.prefer('x', 'a');
    const claim = scene.claims.claim(p('x'), 'transfer');
    scene.plan();
    expect(isKept(scene)).toBe(true);
    scene.claims.release(claim);
    scene.plan();
    expect(isKept(scene)).toBe(false);
  });

  test('is kept while held updates take effect', () => {
    const scene = open('x:1');
    void scene.lockState.commit([
      { table: 'drain', key: 'x', value: { path: p('x'), side: 'a', mode: 'keep' } as never },
    ]);
    scene.prefer('x', 'a');
    scene.plan();
    expect(isKept(scene)).toBe(true);
  });
});

describe('a retry', () => {
  const troubled = (a: string, b: string, more: (scene: ReturnType<typeof open>) => void = () => {}) => {
    const scene = open('x:1 y:1', a, b);
    scene.retries.failed(p('x'), 'no-space', 'Full.');
    more(scene);
    scene.pair.mark(p('y'));
    scene.plan();
    return scene;
  };

  test.each<[it: string, a: string, b: string, isLeft: boolean]>([
    ['both sides agree', 'x:1 y:2', 'x:1 y:1', false],
    ['their modes differ', 'x:1!600 y:2', 'x:1 y:1', true],
    ['their contents differ', 'x:1 y:2', 'x:3 y:1', true],
  ])('is forgotten where %s', (_, a, b, isLeft) => {
    expect(troubled(a, b).retries.list()).toHaveLength(isLeft ? 1 : 0);
  });

  test('is kept while the path is claimed or under a lock', () => {
    const both = 'x:1 y:2';
    expect(
      troubled(both, 'x:1 y:1', ({ claims }) => void claims.claim(p('x'), 'transfer')).retries.list(),
    ).toHaveLength(1);
    expect(troubled(both, 'x:1 y:1', ({ frozen }) => void frozen.add('x')).retries.list()).toHaveLength(1);
  });

  test('that is forgotten has the paths below it compared', () => {
    const scene = open('d/ d/f:1 y:1', 'd/ d/f:2 y:2', 'd/ d/f:1 y:1');
    scene.retries.failed(p('d'), 'no-space', 'Full.');
    scene.pair.mark(p('y'));
    expect(scene.plan()[1]).toContain('*d/f');
  });
});

describe('a preview', () => {
  /** @param asPartner as if side b were confirmed as another partner. */
  const previewIn = ({ pair, planner }: Pick<ReturnType<typeof open>, 'pair' | 'planner'>, asPartner = false) =>
    previewOf({
      ...{ pair, lockState: { table: new LockTable() } },
      ...{ sides: { peer: { seen: true } as PeerSide }, planner: { preview: () => planner.preview(asPartner) } },
    });
  const shown = (...of: Parameters<typeof previewIn>) =>
    previewIn(...of).plan.map(({ path, action, to, why }) => `${action} ${path} on ${to}: ${why}`);

  test('has what is marked and what is not, and changes nothing', () => {
    const scene = open('x:1 y:1 z:1', 'x:2 y:1', 'x:1 y:3 z:1');
    const { pair, claims, queues, plan } = scene;
    claims.claim(p('y'), 'transfer', false);
    const rows = ['modified x on b: changed', 'deleted z on b: changed', 'modified y on a: changed'];
    expect(shown(scene).sort()).toEqual(rows.sort());
    expect(shown(scene).sort()).toEqual(rows.sort());
    expect([pair.hasMarks, queues.a.started]).toEqual([false, 0]);
    expect(plan()).toEqual(['', '']);
  });

  test('leaves out what a lock keeps apart, and counts it', () => {
    const scene = open('x:1', 'x:1', 'x:2');
    scene.frozen.add('x');
    expect(previewIn(scene)).toMatchObject({ plan: [], waiting: 1 });
  });

  test('names both sides of a conflict, and decides by time at a first contact', () => {
    const scene = open('x:1', 'x:2', 'x:3');
    expect(shown(scene).every((line) => line.endsWith('conflict'))).toBe(true);
    const newer = [expect.stringMatching(/^modified x on [ab]: newer$/)];
    expect(shown(scene, true)).toEqual(newer);
    const first = open('', 'x:2', 'x:3');
    first.pair.meta.put('firstContact', true);
    expect(shown(first)).toEqual(newer);
  });

  test('takes nothing for deleted where side b is another partner', () => {
    const scene = open('x:1 y:1', 'x:1 y:1', 'y:1');
    expect(shown(scene)).toEqual(['deleted x on a: changed']);
    expect(shown(scene, true)).toEqual(['created x on b: changed']);
  });
});

describe('what waits', () => {
  test('is what would be planned for all paths that are free, and changes nothing', () => {
    const { planner, pair, claims, frozen, plan } = open('x:1 y:1 z:1 w:1', 'x:2 y:1 z:2 w:2', 'x:1 z:1 w:1');
    claims.claim(p('z'), 'client-write');
    frozen.add('w');
    const shown = planner.waiting()!;
    expect([showChanges(shown.toA), showChanges(shown.toB)]).toEqual(['-y', '*x']);
    expect([pair.hasMarks, plan()]).toEqual([false, ['', '']]);
  });

  test('takes what was last shared for a side b that was not seen yet, and is none without side a', () => {
    const { planner, pair } = open('x:1', 'x:2 y:1');
    pair.b.snapshot = null;
    expect(showChanges(planner.waiting()!.toB)).toBe('*x +y');
    pair.a.snapshot = null;
    expect(planner.waiting()).toBeNull();
  });
});

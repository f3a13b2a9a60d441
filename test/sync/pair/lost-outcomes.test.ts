// Changes on side b whose outcome was lost: which of them count as shared once side b has been scanned again.
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import { ArchiveMeta } from '../../../src/sync/pair/archive-meta.js';
import { type LastRun, LostOutcomes } from '../../../src/sync/pair/lost-outcomes.js';
import { file, snapshotOf, tree } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';
import { SessionFixture } from '../../support/session-fixture.js';

/** The pair as far as it is asked: what side b has, what was shared, and what is recorded. */
function open(b: string, shared: string) {
  const [there, both] = [tree(b), tree(shared)];
  const state = { out: '' };
  const marked: string[] = [];
  const agreed: string[] = [];
  const pair = {
    isOutOfReach: (path: string) => path === state.out,
    entry: (_side: string, path: string): Entry | null => there.get(p(path)) ?? null,
    shared: (path: string): Entry | null => both.get(p(path)) ?? null,
    agree: (path: string, entry: Entry | null) => void agreed.push(`${path} ${entry?.type ?? 'gone'}`),
    mark: (path: string) => void marked.push(path),
  };
  return { pair, state, there, marked, agreed, lost: new LostOutcomes() };
}

const change = (path: string, after: Entry | null, from?: string): Change => ({
  path: p(path),
  action: from !== undefined ? 'renamed' : after === null ? 'deleted' : 'modified',
  before: null,
  after,
  ...(from === undefined ? {} : { from: { path: p(from), entry: file('1') } }),
});

const never = () => false;

describe('a change without an outcome', () => {
  test.each<[it: string, b: string, shared: string, change: Change, agreed: string[]]>([
    ['that was made is shared', 'x:22', 'x:1', change('x', file('22')), ['x file']],
    ['that was made with another time is shared', 'x:22@9', 'x:1', change('x', file('22')), ['x file']],
    ['that was not made is not', 'x:1', 'x:1', change('x', file('22')), []],
    ['over which something else was written is not', 'x:333', 'x:1', change('x', file('22')), []],
    ['that is known to be shared is not recorded again', 'x:22', 'x:22', change('x', file('22')), []],
    ['of time and bits that was made is shared', 'x:1@9', 'x:1', change('x', file('1', 9)), ['x file']],
    ['of time and bits that was not made is not', 'x:1', 'x:1', change('x', file('1', 9)), []],
    ['that made a directory is shared', 'd/', '', change('d', { type: 'dir', mode: 0o755 }), ['d dir']],
    ['of the bits of a directory that was not made is not', 'd/', 'd/', change('d', { type: 'dir', mode: 0o700 }), []],
    ['that deleted is shared', '', 'x:1', change('x', null), ['x gone']],
    ['that should have deleted is not', 'x:1', 'x:1', change('x', null), []],
    ['that renamed is shared at both paths', 'y:1', 'x:1', change('y', file('1'), 'x'), ['y file', 'x gone']],
    ['that should have renamed is not', 'x:1', 'x:1', change('y', file('1'), 'x'), []],
  ])('%s', (_, b, shared, made, agreed) => {
    const scene = open(b, shared);
    scene.lost.note(made);
    scene.lost.settle(scene.pair, never);
    expect([scene.agreed, scene.marked]).toEqual([agreed, agreed.map((text) => text.split(' ')[0])]);
    // It is asked about once.
    scene.lost.settle(scene.pair, never);
    expect(scene.agreed).toHaveLength(agreed.length);
  });

  test('at a path that side b cannot tell of yet waits for the scan that can', () => {
    const { lost, pair, state, agreed } = open('x:22 y:22', 'x:1 y:1');
    state.out = 'x';
    for (const path of ['x', 'y']) lost.note(change(path, file('22')));
    lost.settle(pair, never);
    expect(agreed).toEqual(['y file']);
    state.out = '';
    lost.settle(pair, never);
    expect(agreed).toEqual(['y file', 'x file']);
  });

  test('at a path that another scan has to tell of waits for that one', () => {
    const { lost, pair, agreed } = open('y:22', 'x:1 y:1');
    for (const path of ['x', 'y']) lost.note(change(path, path === 'x' ? null : file('22')));
    lost.settle(pair, (path) => path === 'x');
    expect(agreed).toEqual(['y file']);
    lost.settle(pair, never);
    expect(agreed).toEqual(['y file', 'x gone']);
  });

  test('is of no interest once another one at its path has an outcome', () => {
    const { lost, pair, agreed } = open('x:22', 'x:1');
    lost.note(change('x', file('22')));
    lost.known(p('x'));
    lost.settle(pair, never);
    expect(agreed).toEqual([]);
  });

  test.each([
    ['x:1', 'x:1@9'],
    ['x:1', 'x:1!600'],
    ['d/', 'd/!700'],
  ])('of %s to %s is made again, and not undone on side a', async (before, after) => {
    const fixture = await SessionFixture.inSync(before);
    await fixture.finds('a', after);
    const [job] = fixture.b.jobs;
    await fixture.disconnect();
    job!.fail(new Error('cut'));
    await fixture.connect();
    await fixture.report('b', before, { whole: true });
    await fixture.quiet();
    expect([fixture.transferred('a'), fixture.b.jobs.length]).toEqual(['', 1]);
  });

  test('counts as it was last', () => {
    const { lost, pair, agreed } = open('x:333', 'x:1');
    for (const content of ['22', '333']) lost.note(change('x', file(content)));
    lost.settle(pair, never);
    expect(agreed).toEqual(['x file']);
  });
});

/** Archive notes in memory. */
const noMeta = () => new ArchiveMeta();
const KILLED = { crash: { ofMachine: false }, hasForgotten: false };

test.each<[it: string, run: Omit<LastRun, 'seen'>, agreed: string[]]>([
  ['that was killed', KILLED, ['x gone']],
  ['that was killed, and whose memory is damaged', { ...KILLED, hasForgotten: true }, []],
  ['that went down with its machine', { ...KILLED, crash: { ofMachine: true } }, []],
  ['that was stopped', { ...KILLED, crash: null }, []],
])('what a run had seen is believed of one %s: %j → %j', (_, run, expected) => {
  const { lost, pair, agreed } = open('', 'x:1');
  lost.noteLastRun({ ...run, seen: snapshotOf(tree('')) }, snapshotOf(tree('x:1')), noMeta());
  lost.settle(pair, never);
  expect(agreed).toEqual(expected);
});

test('a run that is killed before it has scanned side a does not know more than the one that went down', () => {
  const { lost, pair, agreed } = open('', 'x:1');
  const [seen, archive, meta] = [snapshotOf(tree('')), snapshotOf(tree('x:1')), noMeta()];
  const starts = (crash: LastRun['crash']) => lost.noteLastRun({ crash, hasForgotten: false, seen }, archive, meta);
  starts({ ofMachine: true });
  starts({ ofMachine: false });
  lost.settle(pair, never);
  expect(agreed).toEqual([]);
  // The scan has ended.
  meta.put('seenIsOld', null);
  starts({ ofMachine: false });
  lost.settle(pair, never);
  expect(agreed).toEqual(['x gone']);
});

test('after a killed run, everything that side a had been seen to have may be on side b', () => {
  const archive = snapshotOf(tree('same:1 changed:1 gone:1 d/deep:1 kept:1'));
  const seen = snapshotOf(tree('same:1 changed:22 new:1 d/deep:22 kept:1'));
  const { lost, pair, agreed } = open('same:1 changed:22 new:1 d/deep:22', 'same:1 changed:1 gone:1 d/deep:1 kept:1');
  lost.noteLastRun({ ...KILLED, seen }, archive, noMeta());
  lost.settle(pair, never);
  // What side b deleted itself (kept) is a change of its own.
  expect(agreed.sort()).toEqual(['changed file', 'd/deep file', 'gone gone', 'new file']);
});

describe('what has arrived and may have been taken back', () => {
  /** Side a and side b after a kill of server-a, which had seen side a with `seen`. @returns what each side gets. */
  async function afterKill(shared: string, seen: string, a: string, b: string): Promise<[string, string]> {
    const fixture = new SessionFixture(shared);
    const killed = { crash: { ofMachine: false }, hasForgotten: false, seen: snapshotOf(tree(seen)) };
    fixture.pair.lostOutcomes.noteLastRun(killed, fixture.pair.archive, fixture.pair.meta);
    fixture.session.start();
    await fixture.connect();
    await fixture.report('b', b, { whole: true });
    await fixture.report('a', a, { whole: true });
    await fixture.quiet();
    return [fixture.transferred('a'), fixture.transferred('b')];
  }

  test.each<[it: string, shared: string, seen: string, a: string, b: string, toA: string, toB: string]>([
    ['on side b: the newer stays', 'x:1', 'x:22@5', 'x:22@5', 'x:1@9', '*x|x (conflict A 2026-11-21 14-03-22)', ''],
    ['on side a: the newer stays', 'x:1', 'x:1@9', 'x:1@9', 'x:22@5', '', '*x|x (conflict B 2026-11-21 14-03-22)'],
    ['on side a, and server-a had seen what arrived', 'x:1', 'x:22@5', 'x:1@9', 'x:22@5', '', '*x'],
    ['nowhere: the change of side a goes over', 'x:1', 'x:22@5', 'x:22@5', 'x:1', '', '*x'],
    ['nowhere: the change of side b goes over', 'x:1', 'x:1', 'x:1', 'x:22@5', '*x', ''],
    ['nowhere, deleted on side a and touched on side b', 'x:1', 'x:1', '', 'x:1@9', '+x', ''],
    ['nowhere, deleted on side b and touched on side a', 'x:1', 'x:1', 'x:1@9', '', '', '+x'],
    ['nowhere, and side b was only touched: its time stays', 'x:1', 'x:1', 'x:1', 'x:1@9', '~x', ''],
  ])('%s', async (_, shared, seen, a, b, toA, toB) => {
    expect(await afterKill(shared, seen, a, b)).toEqual([toA, toB]);
  });
});

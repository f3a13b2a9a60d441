// A plan is shown once both sides have been scanned.
import { expect, test } from 'vitest';
import { previewOf } from '../../../src/sync/session/preview.js';
import { file, p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const nothing = { toA: [], toB: [], agreed: [], postponed: [], conflicts: [] };
const seen = { seen: true } as never;

test.each<[it: string, peer: { seen: boolean } | null, unknown: 'a' | 'b' | null]>([
  ['side b is not connected', null, null],
  ['side b was not scanned since it connected', { seen: false }, null],
  ['side a was never scanned', seen, 'a'],
  ['side b was never scanned', seen, 'b'],
])('is refused where %s', (_, peer, unknown) => {
  const { pair, lockState } = new LockFixture({ x: file('1') });
  if (unknown !== null) pair.side(unknown).snapshot = null;
  const preview = () =>
    previewOf({ pair, lockState, sides: { peer: peer as never }, planner: { preview: () => nothing } });
  expect(preview).toThrow(expect.objectContaining({ code: 'busy' }));
});

test('is made where both were', () => {
  const { pair, lockState } = new LockFixture({ x: file('1') });
  const made = previewOf({ pair, lockState, sides: { peer: seen }, planner: { preview: () => nothing } });
  expect(made).toEqual({ plan: [], waiting: 0, waits: [], firstContact: false });
});

test('names what waits, and why', () => {
  const fixture = new LockFixture({ held: file('1'), film: file('1'), x: file('1') });
  const { pair, lockState } = fixture;
  fixture.foundMoving('a', 'held');
  lockState.dispatch({ kind: 'lock', path: p('held'), owner: 'ann', side: 'a', message: '', now: 0 });
  fixture.foundMoving('b', 'film');
  pair.b.unknown = new Set([p('dir')]);
  const postponed = ['held', 'dir/x'].map((path) => ({ path: p(path), marks: null }));
  const planner = { preview: () => ({ ...nothing, postponed }) };
  const { waiting, waits } = previewOf({ pair, lockState, sides: { peer: seen }, planner });
  expect([waiting, waits]).toEqual([
    3,
    [
      { path: 'dir/x', why: 'out-of-reach' },
      { path: 'film', why: 'unsettled' },
      { path: 'held', why: 'held', owner: 'ann' },
    ],
  ]);
});

test.each<[code: 'other-partner' | 'mass-deletion', asPartner: boolean]>([
  ['other-partner', true],
  ['mass-deletion', false],
])('while the pair is halted for %s: as a first contact: %s', (code, asPartner) => {
  const { pair, lockState } = new LockFixture({ x: file('1') });
  const asked: boolean[] = [];
  const planner = {
    preview(as: boolean) {
      asked.push(as);
      return nothing;
    },
  };
  const halted = { ...pair, a: pair.a, b: pair.b, firstContact: false, halts: [{ code }] } as never;
  const { firstContact } = previewOf({ pair: halted, lockState, sides: { peer: seen }, planner });
  expect([asked, firstContact]).toEqual([[asPartner], asPartner]);
});

// A plan is shown once both sides have been scanned.
import { expect, test } from 'vitest';
import { previewOf } from '../../../src/sync/session/preview.js';
import { file } from '../../support/core/tree.js';
import { LockRoom } from '../../support/lock-room.js';

const nothing = { toA: [], toB: [], agreed: [], postponed: [], conflicts: [] };
const seen = { seen: true } as never;

test.each<[it: string, peer: { seen: boolean } | null, unknown: 'a' | 'b' | null]>([
  ['side b is not connected', null, null],
  ['side b was not scanned since it connected', { seen: false }, null],
  ['side a was never scanned', seen, 'a'],
  ['side b was never scanned', seen, 'b'],
])('is refused where %s', (_, peer, unknown) => {
  const { pair } = new LockRoom({ x: file('1') });
  if (unknown !== null) pair.side(unknown).snapshot = null;
  const preview = () => previewOf(pair, { peer: peer as never }, { preview: () => nothing });
  expect(preview).toThrow(expect.objectContaining({ code: 'busy' }));
});

test('is made where both were', () => {
  const { pair } = new LockRoom({ x: file('1') });
  const made = previewOf(pair, { peer: seen }, { preview: () => nothing });
  expect(made).toEqual({ plan: [], waiting: 0, firstContact: false });
});

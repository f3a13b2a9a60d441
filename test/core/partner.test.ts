import { expect, test } from 'vitest';
import { introducedBy } from '../../src/core/partner.js';

test('who only tells an id has told nothing else', () => {
  expect(introducedBy('id')).toEqual({ root: 'id', former: [], dir: '', epoch: null, partner: null });
});

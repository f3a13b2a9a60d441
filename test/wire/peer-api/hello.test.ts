import { expect, it } from 'vitest';
import { introductionOf } from '../../../src/wire/peer-api/hello.js';

const partner = { root: 'a', dir: '/a', device: '1', machine: 'm' };
const full = { root: 'b', former: ['c', 'd'], dir: '/b', epoch: 4, partner };

it("parses server-b's introduction", () => {
  expect(introductionOf({ ...full, server: 'b', more: 'of a later version' })).toEqual(full);
});

it.each([[{ root: 'b' }], [{ root: 'b', partner: null, epoch: null }]])(
  'bears with an earlier version that says no more than %j',
  (hello) => {
    expect(introductionOf(hello)).toEqual({ root: 'b', former: [], dir: '', epoch: null, partner: null });
  },
);

it.each([
  ['no id', { ...full, root: undefined }],
  ['an id without end', { ...full, root: 'x'.repeat(10_000) }],
  ['ids that are no list', { ...full, former: 'c' }],
  ['ids that are no text', { ...full, former: [7] }],
  ['very many ids', { ...full, former: Array(1_000).fill('c') }],
  ['a directory without end', { ...full, dir: 'x'.repeat(100_000) }],
  ['an epoch that is no number', { ...full, epoch: '4' }],
  ['an epoch below nothing', { ...full, epoch: -1 }],
  ['an epoch that cannot be counted on from', { ...full, epoch: 2 ** 60 }],
  ['a partner that is none', { ...full, partner: 'a' }],
  ['a partner without a device', { ...full, partner: { ...partner, device: undefined } }],
])('refuses %s', (_, hello) => {
  expect(() => introductionOf(hello)).toThrow(/violates the protocol/);
});

import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Gap, SyncEvent } from '../../../src/core/events.js';
import { isWatchedEvent } from '../../../src/wire/client-api/events.js';
import { clientParams } from '../../../src/wire/client-api/params.js';
import { peerParams } from '../../../src/wire/peer-api/params.js';

const target = { path: 'docs/plan.txt' };

type Row = readonly [method: keyof typeof clientParams, params: unknown];

const GOOD: readonly Row[] = [
  ['hello', { protocol: 1 }],
  ['hello', { protocol: 99, role: 'client', program: 'mine 1.0' }],
  ['list', {}],
  ['held', {}],
  ['held', { target: { index: 0 } }],
  ['lock', { targets: [target, { index: 3 }], owner: 'eve@box', side: 'b', message: 'drawing' }],
  ['unlock', { targets: Array.from({ length: 10_000 }, () => target), owner: 'x'.repeat(256) }],
  ['flush', { timeoutMs: 0 }],
  ['resume', { acceptDeletes: true }],
  ['resume', { acceptLostLocks: true }],
  ['watch', {}],
];

const BAD: readonly Row[] = [
  ['hello', {}],
  ['hello', { protocol: '1' }],
  ['hello', { protocol: 1, role: 'nobody' }],
  ['hello', { protocol: 1, program: 'x'.repeat(257) }],
  ['list', 'x'],
  ['held', { target: {} }],
  ['held', { target: { path: '/etc/passwd' } }],
  ['held', { target: { path: '' } }],
  ['held', { target: { path: 'a\0' } }],
  ['held', { target: { path: 'x/'.repeat(3000) } }],
  ['held', { target: { index: 2 ** 53 } }],
  ['held', { target: { index: Number.NaN } }],
  ['lock', { targets: [target] }],
  ['lock', { targets: [], owner: 'e' }],
  ['lock', { targets: target, owner: 'e' }],
  ['lock', { targets: [target], owner: '' }],
  ['lock', { targets: [target], owner: '\ud800' }],
  ['lock', { targets: [target], owner: 'e', side: 'c' }],
  ['lock', { targets: [target], owner: 'e', side: undefined }],
  ['lock', { targets: [target], owner: 'e', message: 'x'.repeat(4097) }],
  ['unlock', { targets: Array.from({ length: 10_001 }, () => target), owner: 'e' }],
  ['flush', { timeoutMs: -1 }],
  ['flush', { timeoutMs: 1e12 }],
  ['resume', { acceptDeletes: 'yes' }],
];

describe('params of clients', () => {
  it.each(GOOD)('%s %j', (method, params) => {
    expect(v.parse<v.GenericSchema>(clientParams[method], params)).toEqual(params);
  });

  it.each(BAD)('not %s %j', (method, params) => {
    expect(v.safeParse<v.GenericSchema>(clientParams[method], params).success).toBe(false);
  });
});

describe('params of the peer', () => {
  it('have defaults, as earlier versions leave fields out', () => {
    const hello = { protocol: 1, role: 'client', root: '', lane: false, clients: false };
    expect(v.parse(peerParams.hello, { protocol: 1 })).toEqual(hello);
  });

  it.each([{ scope: 'all' }, {}, { scope: ['hinted'] }])('not look %j', (params) => {
    expect(v.safeParse(peerParams.look, params).success).toBe(false);
  });
});

describe('events', () => {
  const place = { id: 7, run: 'r', time: '2026-11-21T14:03:22.118Z' };

  it.each<SyncEvent | Omit<Gap, keyof typeof place>>([
    { event: 'listening', host: '::1', port: 8080, dir: '/a' },
    { event: 'synced', path: 'a', action: 'renamed', from: 'a', to: 'b', bytes: 1, sent: 0, ms: 1.5, was: 'b' },
    { event: 'conflict', path: 'a', kept: 'b', copy: null },
    { event: 'unlocked', path: 'a', owner: 'e', by: 'f', reason: 'stolen' },
    { event: 'in-sync', files: 1, bytes: 2 },
    { event: 'gap', missed: null },
    { event: 'halted', code: 'c', message: 'long '.repeat(10_000) },
  ])('$event is taken, also with more fields', (event) => {
    expect(isWatchedEvent({ ...event, ...place, more: 1 })).toBe(true);
  });

  it.each([{}, { event: 'toString' }, { event: 'of-a-later-version', files: '1' }])(
    '%j is left to the program',
    (params) => {
      expect(isWatchedEvent(params)).toBe(true);
    },
  );

  it.each([
    { event: 'in-sync', files: '1', bytes: 2 },
    { event: 'in-sync', files: -1, bytes: 2 },
    { event: 'in-sync', files: 1, bytes: 2, run: null },
    { event: 'gap', missed: 'some' },
  ])('%j is refused', (params) => {
    expect(isWatchedEvent({ ...place, ...params })).toBe(false);
  });
});

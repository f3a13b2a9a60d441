// What the other end may make this one remember has an end in bytes.

import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../../src/client/event-stream.js';
import { Requests } from '../../../src/client/requests.js';
import { SyncError } from '../../../src/core/errors.js';
import type { ScanResult } from '../../../src/replica.js';
import { SharedBudget, weightOf } from '../../../src/wire/frame/budget.js';
import { encodeList } from '../../../src/wire/peer-api/list.js';
import {
  ScanReportReader,
  scanBudget,
  scanReportParts,
  scanReportResult,
} from '../../../src/wire/peer-api/scan-report.js';
import type { OnNotification } from '../../../src/wire/rpc/caller.js';
import type { IncomingCall, Method } from '../../../src/wire/rpc/responder.js';
import { calling, serving } from '../ends.js';

const KIB = 1024;
const list = (...items: unknown[]) => [...encodeList(items)][0]!.payload;
const used = () => new SyncError('too-large', 'used up');

describe('a budget', () => {
  it('lends the bytes that are free, and gets them back when the work ends in any way', async () => {
    const shared = new SharedBudget(100, used);
    let end = () => {};
    const first = shared.lend((take) => {
      take(60);
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await expect(shared.lend(async (take) => take(41))).rejects.toThrow('used up');
    await shared.lend(async (take) => take(40));
    end();
    await first;
    await shared.lend(async (take) => take(100));
    await expect(shared.lend(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await shared.lend(async (take) => take(100));
  });

  it('weighs at least the text of a value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(weightOf(value)).toBeGreaterThanOrEqual(JSON.stringify(value).length / 6);
        expect(weightOf([value])).toBeGreaterThan(weightOf(value));
      }),
    );
  });
});

describe('an endless scan report', () => {
  const entry = (n: number) => ({ path: `file ${n}`, entry: { type: 'dir', mode: 0o755 } });
  const endless: [what: string, method: string, part: (n: number) => Buffer][] = [
    ['entries', 'entries', (n) => list(entry(n))],
    ['nothing there', 'entries', (n) => list({ path: `${n}`, entry: null })],
    ['unknown', 'unknown', (n) => list(`directory ${n}`)],
    ['damaged', 'damaged', (n) => list(`file ${n}`)],
    ['moving', 'moving', (n) => list(`file ${n}`)],
    ['problems', 'problems', (n) => list({ path: `${n}`, code: 'unreadable', message: 'm' })],
    ['rules', 'rules', () => list('*.tmp')],
    ['lists with nothing in them', 'entries', () => Buffer.from('[]')],
  ];
  it.each(endless)('is refused: %s', (_what, method, part) => {
    const reader = new ScanReportReader(scanBudget(64 * KIB));
    let taken = 0;
    const pour = () => {
      for (let n = 0; n < 100_000; n++) {
        reader.take(method, part(n));
        taken = n;
      }
    };
    expect(pour).toThrow(/Side b reports more|too long/);
    expect(taken).toBeLessThan(512);
  });

  it('is refused early for its ignore rules alone', () => {
    const reader = new ScanReportReader();
    const rules = Buffer.from(JSON.stringify(Array.from({ length: 200 }, () => '*'.repeat(4_000))));
    expect(() => [rules, rules].map((part) => reader.take('rules', part))).toThrow('ignore rules');
  });

  it('shares one budget with further requests', () => {
    const budget = scanBudget(KIB);
    new ScanReportReader(budget).take('unknown', list('a'.repeat(100)));
    new ScanReportReader(budget).take('unknown', list('a'.repeat(100)));
    expect(() => new ScanReportReader(budget).take('unknown', list('a'.repeat(100)))).toThrow('Side b reports more');
  });

  it('is not one with a million files', () => {
    // The real limit, without the million: what one file takes of it.
    const name = 'projects/2026/a directory of some depth/and a file with a long name 123456.psd';
    const hash = 'a'.repeat(64);
    const file = { type: 'file', size: 123_456_789, mtime: 1_790_000_000_000_000, mode: 0o644, hash };
    const entries = Array.from({ length: 1_000 }, (_, n) => ({ path: `${name}.${n}`, entry: file }));
    const scan = { entries, whole: true, unknown: [], problems: [], rules: [], unsettled: 0, halt: null };
    const reader = new ScanReportReader(scanBudget(Math.floor((512 * KIB * KIB) / 1_000)));
    for (const { method, payload } of scanReportParts(scan as unknown as ScanResult)) reader.take(method, payload);
    expect(reader.finish(scanReportResult(scan as unknown as ScanResult)).entries).toHaveLength(1_000);
  });
});

describe('an endless answer', () => {
  const rows = (n: number) => Array.from({ length: 100 }, (_, i) => [`file ${n + i}`, 1, 1, 420]);
  const pouring = (piece: (call: IncomingCall, n: number) => Promise<void>): Method => ({
    params: v.object({}),
    handle: async (_params, call) => {
      for (let n = 0; n < 1_000_000 && !call.signal.aborted; n += 100) await piece(call, n);
      return { entries: [] };
    },
  });

  it('is refused, and the server is told', async () => {
    let signal: AbortSignal | null = null;
    const list = pouring((call, n) => {
      signal = call.signal;
      return call.notify('entries', { entries: rows(n) });
    });
    const caller = await calling(await serving({ list }));
    const ask = new Requests(caller, 30_000, 64 * KIB);
    await expect(ask.joined('list', {}, 'entries')).rejects.toMatchObject({ code: 'too-large' });
    await new Promise<void>((resolve) => {
      if (signal!.aborted) resolve();
      else signal!.addEventListener('abort', () => resolve());
    });
  });

  it('is refused where its parts are empty, and where the last part is endless', async () => {
    const list = pouring((call) => call.notify('entries', { entries: [] }));
    const locks: Method = { params: v.object({}), handle: async () => ({ locks: rows(0).concat(rows(100)) }) };
    const caller = await calling(await serving({ list, locks }));
    const ask = new Requests(caller, 30_000, 8 * KIB);
    await expect(ask.joined('list', {}, 'entries')).rejects.toMatchObject({ code: 'too-large' });
    await expect(ask.joined('locks', {}, 'locks')).rejects.toMatchObject({ code: 'too-large' });
  });
});

it('unconsumed events pause the connection also by their size', async () => {
  const place = { id: 1, run: 'r', time: '' };
  const large = { event: 'problem', path: 'a', code: 'io-error', message: 'a'.repeat(4096), ...place };
  const told: unknown[] = [];
  let say: (params: unknown) => unknown = () => {};
  const call = (_method: string, _params: object, { onNotification }: { onNotification?: OnNotification } = {}) => {
    say = (params) => onNotification!('event', params, null);
    return new Promise<never>(() => {});
  };
  const events = eventsOf({ call }, 'the server');
  const first = events.next();
  for (const nothing of [null, 'event', { event: 'problem', path: 7, ...place }]) say(nothing);
  say({ event: 'scan-started', ...place });
  told.push((await first).value);
  let room = 0;
  while (say(large) === undefined) room++;
  expect(told).toEqual([{ event: 'scan-started', ...place }]);
  expect(room).toBeGreaterThan(100);
  expect(room).toBeLessThan(1_000);
  await events.return();
});

import { describe, expect, it } from 'vitest';
import { colorsFor } from '../../../src/cli/render/colors.js';
import { eventText } from '../../../src/cli/render/event.js';
import { eventLogger } from '../../../src/cli/server/event-log.js';
import type { Gap, SyncEvent } from '../../../src/core/events.js';

const time = new Date(2026, 10, 21, 14, 3, 22, 118);
const line = (event: SyncEvent | Gap) => eventText(event, time, colorsFor(false));

const synced = {
  event: 'synced',
  path: 'docs/plan.txt',
  action: 'modified',
  from: 'a',
  to: 'b',
  bytes: 12_595,
  sent: 100,
  ms: 4,
} as const;

const CASES: [SyncEvent | Gap, string][] = [
  [synced, 'a → b  modified  docs/plan.txt  12.30 KB  4 ms'],
  [{ ...synced, from: 'b', to: 'a', action: 'deleted', bytes: 0 }, 'a ← b  deleted   docs/plan.txt  4 ms'],
  [{ ...synced, action: 'renamed', was: 'old' }, 'a → b  renamed   old → docs/plan.txt  12.30 KB  4 ms'],
  [{ ...synced, path: 'a\u001bb\n' }, 'a → b  modified  a\\u001bb\\n  12.30 KB  4 ms'],
  [{ event: 'listening', host: '127.0.0.1', port: 8080, dir: 'directory_a' }, 'listening  127.0.0.1:8080  directory_a'],
  [{ event: 'peer-connected' }, 'peer connected'],
  [{ event: 'peer-lost', reason: 'connection refused' }, 'peer lost  connection refused'],
  [{ event: 'scan-started' }, 'scanning'],
  [{ event: 'scan-finished', files: 1, bytes: 661, ms: 12.4 }, 'scanned  1 file  661 B  12 ms'],
  [{ event: 'held', path: 'x', action: 'created', position: 2 }, 'held  created   x  update 2 waits for the lock'],
  [{ event: 'applied', path: 'x', action: 'modified', position: 1, of: 3 }, 'applied  modified  x  held update 1 of 3'],
  [{ event: 'locked', path: 'x', owner: 'ann', side: 'b' }, 'locked  x  by ann  on side b'],
  [{ event: 'unlocked', path: 'x', owner: 'ann', by: 'ann', reason: 'released' }, 'unlocked  x  by ann'],
  [
    { event: 'unlocked', path: 'x', owner: 'ann', by: 'bob', reason: 'stolen' },
    'unlocked  x  stolen by bob, was held by ann',
  ],
  [
    { event: 'unlocked', path: 'x', owner: 'ann', by: '', reason: 'expired' },
    'unlocked  x  the lock of ann has expired',
  ],
  [{ event: 'waiting', path: 'x', owner: 'bob', position: 1 }, 'waiting  x  bob is number 1 in the queue'],
  [
    { event: 'conflict', path: 'x', kept: 'a', copy: 'x (c)' },
    'conflict  x  side a keeps the name  the other is x (c)',
  ],
  [
    { event: 'conflict', path: 'x', kept: 'b', copy: null },
    'conflict  x  side b keeps the name  the other content is in versions',
  ],
  [{ event: 'problem', path: 'x', code: 'no-space', message: 'disk full' }, 'problem  x  disk full (no-space)'],
  [{ event: 'halted', code: 'root-emptied', message: 'gone' }, 'halted  gone (root-emptied)'],
  [{ event: 'left', path: 'x', owner: 'bob' }, 'left  x  bob waits no more'],
  [{ event: 'free', path: 'x', owner: 'bob' }, 'free  x  bob can lock it now'],
  [{ event: 'asked', path: 'x', owner: 'ann', by: 'bob', message: '' }, 'asked  x  bob asks ann to unlock it'],
  [{ event: 'asked', path: 'x', owner: 'ann', by: 'bob', message: 'at\nnoon' }, 'asked  x  bob asks ann: "at\\nnoon"'],
  [{ event: 'paused', by: 'ann' }, 'paused  by ann'],
  [
    { event: 'paused', by: 'ann', since: new Date(2026, 10, 20, 9, 5).toISOString() },
    'paused  by ann  since 2026-11-20 09:05',
  ],
  [{ event: 'resumed', by: null }, 'resumed'],
  [{ event: 'resumed', by: 'ann' }, 'resumed  by ann'],
  [{ event: 'syncing', files: 1, bytes: 1_181_116_006 }, 'syncing  1 file  1.10 GB'],
  [{ event: 'in-sync', files: 0, bytes: 0 }, 'in sync  0 files  0 B'],
  [{ time: '', run: 'abc', id: 8, event: 'gap', missed: 3 }, 'gap  3 events missing here: no longer kept'],
  [
    { time: '', run: 'abc', id: 0, event: 'gap', missed: null },
    'gap  the server has started anew: what it said before is missing here',
  ],
  [{ event: 'of-tomorrow', run: 'abc', id: 1, x: 1 } as unknown as SyncEvent, 'of-tomorrow  {"x":1}'],
];

const place = (id: number) => ({ time: time.toISOString(), run: 'abc', id });

describe('eventText', () => {
  it.each(CASES)('%j', (event, text) => {
    expect(line(event)).toBe(`14:03:22.118  ${text}`);
  });
});

describe('that work begins', () => {
  it.each([
    [1, 100, false],
    [0, 0, false],
    [1, 4 << 20, true],
    [100, 0, true],
  ])('%i files, %i bytes: worth a line %s', (files, bytes, isWorth) => {
    const said = (format: 'text' | 'json') => {
      let text = '';
      const out = (more: string) => {
        text += more;
      };
      eventLogger({ format, quiet: false, verbose: false, out, err: out }).event({
        event: 'syncing',
        files,
        bytes,
        id: 1,
        run: 'r',
        time: time.toISOString(),
      });
      return text !== '';
    };
    expect([said('text'), said('json')]).toEqual([isWorth, true]);
  });
});

it('has the date in front where that is wanted', () => {
  expect(eventText(synced, time, colorsFor(false), { dated: true })).toMatch(/^2026-11-21 14:03:22\.118 {2}a → b {2}/);
});

describe('sayer', () => {
  function said(options: { format: 'text' | 'json'; quiet?: boolean; verbose?: boolean }) {
    const heard = { out: '', err: '' };
    const log = eventLogger({
      quiet: false,
      verbose: false,
      ...options,
      now: () => time,
      out: (text) => {
        heard.out += text;
      },
      err: (text) => {
        heard.err += text;
      },
    });
    log.event({ ...place(1), ...synced });
    log.event({ ...place(2), event: 'problem', path: 'x', code: 'io-error', message: 'm' });
    log.detail('a detail');
    log.warn('a warning');
    return heard;
  }

  it('says one line for each thing', () => {
    expect(said({ format: 'text' }).out.split('\n')).toEqual([
      '14:03:22.118  a → b  modified  docs/plan.txt  12.30 KB  4 ms',
      '14:03:22.118  problem  x  m (io-error)',
      '14:03:22.118  warning  a warning',
      '',
    ]);
  });

  it('has nothing but objects on stdout in JSON', () => {
    const { out, err } = said({ format: 'json', verbose: true });
    expect(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([
      { ...place(1), ...synced },
      { ...place(2), event: 'problem', path: 'x', code: 'io-error', message: 'm' },
    ]);
    expect(err.split('\n')).toHaveLength(3);
  });

  it('keeps quiet about what goes well', () => {
    const { out } = said({ format: 'text', quiet: true });
    expect(out).not.toContain('synced');
    expect(out.split('\n')).toHaveLength(3);
  });
});

it('names the client as it is typed, and what keeps both sides from being equal', () => {
  const text = (event: SyncEvent) =>
    eventText(event, time, colorsFor(false), { client: 'npx client --server x:1', butFor: ', but for 1 held update' });
  const message = 'Gone. Confirm it with: client resume --accept-deletes';
  expect(text({ event: 'halted', code: 'root-emptied', message })).toContain(
    'with: npx client --server x:1 resume --accept-deletes (root-emptied)',
  );
  expect(text({ event: 'in-sync', files: 1, bytes: 2 })).toContain('  in sync, but for 1 held update  1 file  2 B');
});

describe('sides that have names', () => {
  const names = { a: 'home', b: 'office' };
  const named = (event: SyncEvent) =>
    eventText(event, time, colorsFor(false), { names }).slice('14:03:22.118  '.length);

  it.each<[SyncEvent, string]>([
    [synced, 'home → office  modified  docs/plan.txt  12.30 KB  4 ms'],
    [{ ...synced, from: 'b', to: 'a' }, 'home ← office  modified  docs/plan.txt  12.30 KB  4 ms'],
    [{ event: 'locked', path: 'x', owner: 'ann', side: 'b' }, 'locked  x  by ann  on side office'],
    [
      { event: 'conflict', path: 'x', kept: 'a', copy: null },
      'conflict  x  side home keeps the name  the other content is in versions',
    ],
  ])('are called by them: %j', (event, text) => {
    expect(named(event)).toBe(text);
  });
});

// Whatever a server says, it cannot drive the terminal of who asks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Api } from '../../../src/cli/context.js';
import { colorsFor } from '../../../src/cli/render/colors.js';
import { safeText } from '../../../src/cli/render/safe.js';
import { eventLogger } from '../../../src/cli/server/event-log.js';
import { SyncError } from '../../../src/core/errors.js';
import type { SyncEvent } from '../../../src/core/events.js';
import { entry, lockOf, run } from '../fake-context.js';

/** Sets the title, clears the screen, goes back, turns the text round, hides what follows. */
const EVIL = 'x\u001b]0;pwned\u0007\u001b[2J\u009b1;1H\r\u202e\u001b[8m\u007f\u0000';
const DRIVES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const OWN = /\u001b\[\d{1,2}m/g;

const lock = {
  ...lockOf(EVIL),
  message: EVIL,
  path: EVIL,
  held: 1,
  waiting: [{ owner: EVIL, since: EVIL }],
  since: EVIL,
};
const refused = { path: EVIL, changed: false, error: { code: EVIL, message: EVIL, hint: EVIL }, lock } as never;
const problem = { path: EVIL, code: EVIL, message: EVIL } as never;
const time = '2026-11-21T14:03:22.118Z';

/** A server all of whose words are evil. */
const evil = {
  user: 'ann',
  list: async () => ({
    generation: 1,
    entries: [
      { ...entry(0, EVIL), lock, on: EVIL, type: EVIL, mtime: EVIL, size: EVIL } as never,
      { ...entry(1, 'plain.txt'), lock, size: EVIL, syncing: EVIL } as never,
    ],
  }),
  locks: async () => ({ locks: [lock, { ...lock, side: EVIL, expires: EVIL, held: EVIL }] as never }),
  held: async () => ({ held: [{ path: EVIL, position: EVIL, action: EVIL, size: EVIL, received: EVIL }] as never }),
  lock: async () => [refused],
  unlock: async () => [refused, { path: EVIL, changed: true, becomes: EVIL, held: EVIL, owner: EVIL } as never],
  notices: async () => [
    { path: EVIL, reason: EVIL, by: EVIL, time: EVIL } as never,
    { path: EVIL, reason: 'stolen', by: EVIL, time },
  ],
  versions: async () => ({
    versions: [{ n: EVIL, size: EVIL, mtime: EVIL, replaced: EVIL, reason: EVIL, side: EVIL, where: EVIL }] as never,
    away: [EVIL] as never,
  }),
  restore: async () =>
    ({ path: EVIL, changed: true, created: false, at: EVIL, replaced: EVIL, reason: EVIL, where: EVIL }) as never,
  conflicts: async () => ({
    conflicts: [
      {
        path: EVIL,
        copy: EVIL,
        side: EVIL,
        time: EVIL,
        size: EVIL,
        mtime: EVIL,
        on: EVIL,
        original: { size: EVIL, mtime: EVIL },
      },
    ] as never,
  }),
  resolve: async () =>
    ({
      path: EVIL,
      changed: true,
      kept: EVIL,
      from: EVIL,
      removed: [EVIL],
      renamed: [{ from: EVIL, to: EVIL }],
    }) as never,
  upload: async () => ({ path: EVIL, changed: true, created: EVIL, size: EVIL, hash: EVIL }) as never,
  download: async () => ({ path: EVIL, to: EVIL, size: EVIL, hash: EVIL, resumed: EVIL }) as never,
  rename: async () => ({ path: EVIL, changed: true, from: EVIL, to: EVIL }) as never,
  remove: async () => [refused, { path: EVIL, changed: true, removed: EVIL, files: EVIL } as never],
  status: async () => ({
    state: EVIL as never,
    peer: { address: EVIL, connected: true },
    a: { files: EVIL as never, bytes: EVIL as never },
    b: { files: EVIL as never, bytes: EVIL as never },
    pending: EVIL as never,
    held: EVIL as never,
    locks: 1,
    conflicts: EVIL as never,
    problems: [problem],
  }),
  transfers: async () =>
    ({ transfers: [{ path: EVIL, to: EVIL, size: EVIL, arrived: EVIL }], left: { files: EVIL, bytes: EVIL } }) as never,
  flush: async () => ({ flushed: true, held: EVIL, problems: EVIL }) as never,
  rescan: async () => {},
  pause: async () => ({ changed: EVIL }) as never,
  resume: async () => {
    throw new SyncError(EVIL as never, EVIL, { hint: EVIL, facts: { lock } });
  },
  async *watch() {
    yield* EVENTS.map((event) => ({ ...event, time, run: EVIL, id: EVIL }));
  },
} as unknown as Api;

const words = {
  path: EVIL,
  owner: EVIL,
  by: EVIL,
  action: EVIL,
  position: EVIL,
  of: EVIL,
  side: EVIL,
  kept: EVIL,
  copy: EVIL,
};
const EVENTS = [
  ...['held', 'applied', 'locked', 'unlocked', 'waiting', 'conflict', 'synced', 'problem', 'halted', 'listening'],
  ...['peer-lost', 'scan-finished', 'in-sync', 'resumed', 'a newer one', EVIL],
].map((event) => ({
  event,
  ...words,
  code: EVIL,
  message: EVIL,
  reason: EVIL,
  host: EVIL,
  port: EVIL,
  dir: EVIL,
  files: EVIL,
  bytes: EVIL,
  ms: EVIL,
  from: EVIL,
  to: EVIL,
  was: EVIL,
})) as unknown as SyncEvent[];

const LINES = [
  ...[
    'list',
    'list *',
    'list --locked',
    'locks',
    'locks --mine',
    'held',
    'held plain.txt',
    'lock plain.txt',
    'lock --wait plain.txt',
  ],
  ...['unlock plain.txt', 'unlock --force plain.txt', 'versions plain.txt', 'restore plain.txt', 'conflicts'],
  ...['resolve plain.txt --keep a', 'download plain.txt /tmp', 'rename plain.txt other.txt', 'rm plain.txt', 'status'],
  ...[
    'flush',
    'rescan',
    'pause',
    'resume',
    'watch',
    '__complete bash -- client lock ',
    '__complete zsh -- client lock ',
  ],
];

describe('what a server says', () => {
  it.each(LINES)('drives no terminal: client %s', async (line) => {
    for (const options of [[], ['--color', 'always'], ['--json']]) {
      const { out, err } = await run([...options, ...line.split(/ (?!$)/)], { connect: async () => evil });
      const shown = options[0] === '--color' ? (out + err).replace(OWN, '') : out + err;
      expect(DRIVES.exec(shown)?.[0]).toBeUndefined();
      expect(shown).not.toContain('\u001b[8m');
    }
  });

  it('is the same JSON when it is made safe', async () => {
    const { out } = await run(['--json', 'conflicts'], { connect: async () => evil });
    expect(JSON.parse(out).conflicts[0].copy).toBe(EVIL);
  });

  it('drives no terminal of a server that repeats it', () => {
    for (const format of ['text', 'json'] as const) {
      let said = '';
      const take = (text: string) => {
        said += text;
      };
      const log = eventLogger({ format, quiet: false, verbose: true, colors: colorsFor(false), out: take, err: take });
      for (const event of EVENTS) log.event({ ...event, time, run: EVIL, id: EVIL as never });
      log.warn(EVIL);
      log.detail(EVIL);
      expect(DRIVES.exec(said)?.[0]).toBeUndefined();
    }
  });
});

describe('safe text', () => {
  it.each([
    ['plain', 'plain'],
    ['grün 漢字 👩‍🎨\n', 'grün 漢字 👩‍🎨\n'],
    ['\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
    ['\u001b[8mhidden', '\\u001b[8mhidden'],
    ['\u001b[31;8mhidden', '\\u001b[31;8mhidden'],
    ['back\rto', 'back\\rto'],
    ['a\u202eb', 'a\\u202eb'],
  ])('%j is shown as %j', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  it('has nothing in it that drives a terminal, and is JSON where it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        expect(JSON.parse(safeText(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(DRIVES.test(safeText(text).replace(OWN, ''))).toBe(false);
        expect(safeText(safeText(text))).toBe(safeText(text));
      }),
    );
  });
});

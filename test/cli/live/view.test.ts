import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { Screen } from '../../../src/cli/live/screen.js';
import { shareLines } from '../../../src/cli/live/share-lines.js';
import { liveLines } from '../../../src/cli/live/view.js';
import { colorsFor } from '../../../src/cli/render/colors.js';
import {
  type LiveState,
  questionsAfter,
  questionsAfterAnswers,
  startOf,
  withAnswers,
  withEvent,
  withoutServer,
  withServer,
} from '../../../src/client/live-state.js';
import type { SyncEvent } from '../../../src/core/events.js';
import type { Status, Transfers } from '../../../src/wire/client-api/methods.js';
import { lockRowOf } from '../fake-context.js';

const colors = colorsFor(false);
const time = new Date(2026, 10, 21, 14, 3, 22);

const status: Status = {
  state: 'syncing',
  peer: { address: '127.0.0.1:8081', connected: true },
  a: { files: 12, bytes: 8_563_132 },
  b: { files: 11, bytes: 131_992 },
  ...{ pending: 2, held: 2, locks: 2, conflicts: 1, versions: { a: null, b: null } },
  problems: [{ path: 'sealed\u001b[2J', code: 'io-error', message: 'permission denied' }],
  ...{ paused: null, left: { files: 2, bytes: 5_000_000 }, lastInSync: null },
};
const transfers: Transfers = {
  transfers: [{ path: '图纸/封面 设计稿.psd', to: 'b', size: 8_000_000, arrived: 3_440_000 }],
  left: { files: 2, bytes: 5_000_000 },
  done: { files: 1, bytes: 5_000_000 },
  percent: 47,
};
const locks = [
  { ...lockRowOf('ann'), path: 'art/cover.psd', held: 2, waiting: [{ owner: 'bob', since: '' }] },
  {
    ...{ ...lockRowOf('carl\u0007'), path: 'party 🎉.png', held: 0, waiting: [] },
    asked: [{ by: 'bob', message: 'at noon', time: '' }],
  },
];
const held = [1, 2].map((position) => ({
  ...{ path: 'art/cover.psd', position, action: 'modified' as const },
  ...{ size: 661, received: '2026-11-21T14:03:22.118Z', base: null },
}));
const conflicts = [
  {
    ...{ path: 'a.txt', copy: 'a (conflict B 2026-11-21 14-03-22).txt', side: 'b' as const, time: '' },
    ...{ size: 3, mtime: '', on: 'both' as const, original: null },
  },
];

function full(): LiveState {
  let state = startOf('127.0.0.1:8080', 'ann');
  for (let i = 0; i < 300; i++) {
    const event = { event: 'synced', path: `变化 ${i}.txt`, action: 'created', from: 'a', to: 'b' } as const;
    state = withEvent(state, { time, event: { ...event, bytes: 5, sent: 5, ms: 3 } });
  }
  return withAnswers(state, { status, transfers, locks, held, conflicts });
}

describe('the live view', () => {
  it('fits 80×24: the head, what needs a person, and the last events', () => {
    expect(liveLines(full(), { columns: 80, rows: 24 }, colors)).toEqual([
      'Syncing                                                           127.0.0.1:8080',
      'a 12 files, 8.17 MB   b 11 files, 128.90 KB',
      'pending 2  held 2  locks 2  conflicts 1  problems 1',
      '47 %  1 of 3 changes, 4.77 MB of 9.54 MB',
      'Problems',
      '  sealed\\u001b[2J: permission denied',
      'Transfers',
      '  a → b  [#########-----------]   43 %  3.28 MB of 7.63 MB  图纸/封面 设计稿.psd',
      'Locks',
      expect.stringMatching(/^ {2}art\/cover\.psd {2}ann on a since \d\d:\d\d, 2 held, bob waits$/),
      expect.stringMatching(/^ {2}party 🎉\.png {3}carl\\u0007 on a since \d\d:\d\d, bob asks for it$/),
      'Held updates',
      expect.stringMatching(/^ {2}art\/cover\.psd {2}1 {2}modified {2}661 B {2}\d\d:\d\d$/),
      expect.stringMatching(/^ {2}art\/cover\.psd {2}2 {2}modified/),
      'Conflict copies',
      '  a (conflict B 2026-11-21 14-03-22).txt',
      'Events',
      ...[294, 295, 296, 297, 298, 299].map((i) => `  14:03:22  a → b  created   变化 ${i}.txt  5 B  3 ms`),
      'q quits',
    ]);
  });

  it('fits 40×10', () => {
    expect(liveLines(full(), { columns: 40, rows: 10 }, colors)).toEqual([
      'Syncing                   127.0.0.1:8080',
      'a 12 files, 8.17 MB',
      'b 11 files, 128.90 KB',
      'problems 1  conflicts 1  locks 2  held 2',
      '47 %  1 of 3 changes, 4.77 MB of 9.54 MB',
      'Problems',
      '  sealed\\u001b[2J: permission denied',
      'Transfers',
      '  a → b   43 %  图纸/封面 设计稿.psd',
      'q quits',
    ]);
  });

  it('never cuts a figure: what does not fit whole is left out', () => {
    const lines = (columns: number) => liveLines(full(), { columns, rows: 40 }, colors);
    const narrow = lines(39);
    expect(narrow.slice(3, 5)).toEqual(['problems 1  conflicts 1  locks 2', '47 %  4.77 MB of 9.54 MB']);
    expect(narrow).toContain('  art/cover.psd  1  modified  661 B');
    expect(narrow.at(-2)).toBe('  a → b  created   变化 299.txt  5 B');
    expect(lines(37)[4]).toBe('47 %  4.77 MB of 9.54 MB');
    expect(lines(20)[4]).toBe('47 %');
    expect([lines(24)[0], lines(22)[0]]).toEqual(['Syncing   127.0.0.1:8080', 'Syncing']);
  });

  it('says in a narrow window how many wait, and what starts server-b', () => {
    const waiting = ['bob', 'carl', 'dora'].map((owner) => ({ owner, since: '' }));
    const away: Status = { ...status, state: 'peer-lost', conflicts: 0, held: 0, problems: [] };
    const locks = [{ ...lockRowOf('ann'), path: 'art/cover.psd', held: 2, waiting }];
    const state = withAnswers(startOf('h:1', 'ann'), { status: away, locks });
    const narrow = liveLines(state, { columns: 45, rows: 10 }, colors);
    expect(narrow[0]).toMatch(/^Server-b is away: server-b starts it/);
    expect(narrow).toContain('  art/cover.psd  ann on a, 2 held, 3 wait');
    expect(liveLines(state, { columns: 80, rows: 10 }, colors)).toContainEqual(
      expect.stringMatching(/, 2 held, bob and 2 more wait$/),
    );
  });

  it('fits every window', () => {
    for (const state of [startOf('h:1', 'ann'), full(), withoutServer(full(), time)]) {
      for (let columns = 1; columns < 130; columns += 16) {
        for (let rows = 1; rows < 70; rows += 12) {
          const lines = liveLines(state, { columns, rows }, colorsFor(true));
          expect(lines.length).toBeLessThanOrEqual(rows);
          expect(lines.length).toBeGreaterThan(0);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  it('says that server-a is gone, since when, and that it is back', () => {
    const gone = withoutServer(full(), time);
    expect(liveLines(gone, { columns: 80, rows: 24 }, colors)[0]).toMatch(
      /^server-a is gone since 14:03:22: trying again /,
    );
    expect(liveLines(gone, { columns: 80, rows: 24 }, colors).at(-2)).toBe('  14:03:22  server-a is gone');
    const back = withServer(gone, time);
    expect(liveLines(back, { columns: 80, rows: 24 }, colors)[0]).toMatch(/^Syncing/);
    expect(liveLines(back, { columns: 80, rows: 24 }, colors).at(-2)).toBe('  14:03:22  server-a is back');
  });

  it('is calm when there is nothing to say', () => {
    const calm: Status = { ...status, state: 'in-sync', b: status.a, held: 0, problems: [] };
    const state = withAnswers(startOf('h:1', 'ann'), { status: calm });
    expect(liveLines(state, { columns: 40, rows: 8 }, colors).slice(0, 3)).toEqual([
      `In sync${' '.repeat(30)}h:1`,
      '12 files, 8.17 MB on each side',
      'conflicts 1  locks 2  pending 2',
    ]);
  });

  it('says how far the work is while there is any, and else what waits', () => {
    const volume = (files: number, bytes: number) => ({ files, bytes });
    const shown = (state: Status['state'], left = volume(25, 1000)) => {
      const answers = { transfers: [], left, done: volume(75, 3000), percent: 70 };
      const live = withAnswers(startOf('h:1', 'ann'), {
        status: { ...status, state, left: volume(20, 900) },
        transfers: answers,
      });
      return liveLines(live, { columns: 80, rows: 24 }, colors)[3];
    };
    expect(shown('syncing')).toBe('70 %  75 of 100 changes, 2.93 KB of 3.91 KB');
    expect(shown('paused')).toBe('20 changes, 900 B to transfer');
    expect(shown('syncing', volume(0, 0))).toBe('Problems');
  });

  it('shows what is still being read, and a content that waits for the disk', () => {
    const films = [
      { path: 'film.mov', to: 'b', size: 1_181_116_006, arrived: 0, reading: true },
      { path: 'song.wav', to: 'a', size: 8_000_000, arrived: 8_000_000 },
    ] as const;
    const state = withAnswers(startOf('h:1', 'ann'), { status, transfers: { ...transfers, transfers: films } });
    expect(liveLines(state, { columns: 80, rows: 24 }, colors)).toEqual(
      expect.arrayContaining([
        '  a → b  reading  1.10 GB  film.mov',
        '  a ← b  [####################]  100 %  7.63 MB of 7.63 MB  song.wav',
      ]),
    );
  });

  it.each<[SyncEvent, RegExp]>([
    [{ event: 'syncing', files: 1, bytes: 9 }, /^Syncing /],
    [{ event: 'peer-lost', reason: 'cut' }, /^Server-b is away/],
    [{ event: 'paused', by: 'ann' }, /^Paused by ann since 2026-11-21 14:03\. Go on with: client resume {2}/],
    [{ event: 'halted', code: 'root-missing', message: '' }, /^Halted/],
    [{ event: 'locked', path: 'x', owner: 'ann', side: 'a' }, /^In sync/],
  ])('says the state that follows from %j at once', (event, head) => {
    const calm: Status = { ...status, state: 'in-sync', held: 0, problems: [] };
    const state = withEvent(withAnswers(startOf('h:1', 'ann'), { status: calm }), { time, event });
    expect(liveLines(state, { columns: 90, rows: 24 }, colors)[0]).toMatch(head);
  });

  it.each([
    ['locked', ['status', 'locks']],
    ['left', ['status', 'locks']],
    ['applied', ['status', 'locks', 'held', 'transfers']],
    ['conflict', ['status', 'conflicts', 'transfers']],
    ['synced', ['status', 'transfers']],
  ] as const)('asks after %s for %j', (event, questions) => {
    expect(questionsAfter(event)).toEqual(questions);
  });

  it('asks for what is counted anew: a conflict that was settled leaves the view', () => {
    const before = full();
    expect(questionsAfterAnswers(before, before)).toEqual([]);
    expect(questionsAfterAnswers(startOf('h:1', 'ann'), before)).toEqual([]);
    const after = withAnswers(before, { status: { ...status, conflicts: 0, held: 1 } });
    expect(questionsAfterAnswers(before, after)).toEqual(['held', 'conflicts']);
  });
});

describe('sharing the lines of a window', () => {
  it.each([
    [[3, 2], 10, [3, 2]],
    [[3, 100], 10, [3, 5]],
    [[100, 100], 10, [4, 4]],
    [[100, 0, 100], 10, [4, -1, 4]],
    [[5, 5, 5], 4, [1, 1, -1]],
    [[5, 5], 3, [2, -1]],
    [[5], 1, [-1]],
  ])('%j in %i: %j', (wanted, lines, shares) => {
    expect(
      shareLines(
        wanted.map((n) => ({ wanted: n })),
        lines,
      ),
    ).toEqual(shares);
  });
});

describe('the screen', () => {
  const drawn = () => {
    let text = '';
    const take = () => {
      const taken = text;
      text = '';
      return taken;
    };
    const screen = new Screen({
      write: (more) => {
        text += more;
      },
    });
    return { screen, take };
  };

  it('writes only what differs, and gives the terminal back once', () => {
    const { screen, take } = drawn();
    expect(take()).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J');
    screen.draw(['one', 'two']);
    expect(take()).toContain('one');
    screen.draw(['one', 'three']);
    const second = take();
    expect(second).toContain('\u001b[2;1Hthree\u001b[K');
    expect(second).not.toContain('one');
    screen.draw(['one', 'three']);
    expect(take()).toBe('');
    screen.draw(['one']);
    expect(take()).toContain('\u001b[2;1H\u001b[K');
    screen.forget();
    screen.draw(['one']);
    expect(take()).toContain('one');
    screen.close();
    screen.close();
    screen.draw(['late']);
    expect(take()).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
  });
});

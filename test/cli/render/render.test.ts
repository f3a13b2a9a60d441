import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { colorsFor, wantsColor } from '../../../src/cli/render/colors.js';
import { stateText } from '../../../src/cli/render/entry-state.js';
import { heldText } from '../../../src/cli/render/held.js';
import { listingText } from '../../../src/cli/render/listing.js';
import { locksText, waitersText } from '../../../src/cli/render/locks.js';
import { statusText } from '../../../src/cli/render/status.js';
import { tableLines } from '../../../src/cli/render/table.js';
import { endText, minuteText } from '../../../src/cli/render/time.js';
import { widthOf } from '../../../src/cli/render/width.js';
import { sizeText } from '../../../src/core/size-text.js';
import type { ListEntry, Status } from '../../../src/wire/client-api/methods.js';
import { entry, lockOf, lockRowOf } from '../fake-context.js';

const colors = colorsFor(false);
const lines = (entries: ListEntry[], columns?: number) =>
  [...listingText(entries, { colors, columns })].join('').split('\n');

const MOMENT = Date.parse('2026-11-21T14:03:22.118Z');

it.each([
  [600_000, 19],
  [600_001, 16],
])('an end in %i ms has %i characters: seconds as far as ten minutes', (ms, length) => {
  expect(endText(new Date(MOMENT + ms).toISOString(), MOMENT)).toHaveLength(length);
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [661, '661 B'],
    [1023, '1023 B'],
    [1024, '1.00 KB'],
    [131_992, '128.90 KB'],
    [1_048_575, '1.00 MB'],
    [8_563_132, '8.17 MB'],
    [2 ** 40 * 3, '3.00 TB'],
    [2 ** 53, '8.00 PB'],
  ])('%d', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});

describe('widthOf', () => {
  it('agrees with string-width on every character of the basic plane, alone and in company', () => {
    const differ: string[] = [];
    for (let unit = 0x20; unit < 0xd800; unit++) {
      const text = `a${String.fromCharCode(unit)}字`;
      if (widthOf(text) !== stringWidth(text)) differ.push(unit.toString(16));
    }
    expect(differ).toEqual([]);
  });

  it('agrees on emoji, alone, joined, coloured and by halves', () => {
    const differ: string[] = [];
    const others = ['👩‍👩‍👧', '👍🏽', '🇩🇪', '🖼️', '😀\u0301', '\ud83d', '\ude00', '𠀀'];
    const texts = [...others, ...Array.from({ length: 0x800 }, (_, i) => String.fromCodePoint(0x1f300 + i))];
    for (const text of texts) if (widthOf(`a${text}字`) !== stringWidth(`a${text}字`)) differ.push(text);
    expect(differ).toEqual([]);
  });
});

describe('the listing', () => {
  it('is aligned, and nothing stands at the end of a line', () => {
    const time = minuteText('2026-11-21T14:03:22.118Z');
    expect(lines([entry(0, 'a.jpg', { size: 131_992 }), entry(10, 'longer.txt', { lock: lockOf('ann') })])).toEqual([
      ' #  name             size  modified          state',
      ` 0  a.jpg       128.90 KB  ${time}`,
      `10  longer.txt      661 B  ${time}  locked by ann`,
      '',
    ]);
  });

  it('is aligned for wide names', () => {
    const names = ['漢字.txt', '🎨 art.psd', '👩‍👩‍👧.png', 'é.txt', 'e\u0301.txt', 'plain', '한국.md'];
    const places = lines(names.map((name, i) => entry(i, name)))
      .slice(1, -1)
      .map((line) => stringWidth(line.slice(0, line.indexOf('661 B'))));
    expect(new Set(places).size).toBe(1);
  });

  it('makes control characters visible, in names and owners', () => {
    const shown = listingText([entry(0, 'a\u001b[31m\n\u202eb', { lock: lockOf('e\u0007') })], { colors });
    const text = [...shown].join('');
    expect(text).toContain('a\\u001b[31m\\n\\u202eb');
    expect(text).toContain('locked by e\\u0007');
    expect(text.split('\n')).toHaveLength(3);
  });

  it('gives a name that is too long for the window a line of its own, and the others their columns', () => {
    const long = `${'長'.repeat(20)}.psd`;
    const locked = { lock: lockOf('ann@studio') };
    expect(lines([entry(0, long, locked), entry(1, 'b')], 40)).toEqual([
      '#  name           size  state',
      `0  ${long}`,
      '                 661 B',
      '     locked by ann@studio',
      '1  b             661 B',
      '',
    ]);
    const [, name, rest] = lines([entry(0, long, locked), entry(1, 'b')], 72);
    expect([name, rest!.indexOf('661 B')]).toEqual([`0  ${long}`, rest!.search(/6/)]);
    for (const line of lines([entry(0, long, locked), entry(1, 'b')], 72))
      expect(stringWidth(line)).toBeLessThanOrEqual(72);
  });

  it('paints by state', () => {
    const painted = [
      ...listingText([entry(0, 'a'), entry(1, 'b', { lock: lockOf('ann') })], { colors: colorsFor(true) }),
    ]
      .join('')
      .split('\n');
    expect(painted[1]).not.toContain('\u001b');
    expect(painted[2]).toContain('\u001b[33mlocked by ann\u001b[39m');
  });

  it('never cuts a name, and one long name does not stretch the others', () => {
    const long = 'x'.repeat(250);
    const [, first, second] = lines([entry(0, long), entry(1, 'b')]);
    expect(first).toContain(long);
    expect(second!.length).toBeLessThan(150);
    const [, , narrow] = lines([entry(0, long), entry(1, 'b')], 80);
    expect(narrow!.length).toBeLessThanOrEqual(80);
  });

  it('gives a state that has no room a line of its own, and only on a terminal', () => {
    const entries = [entry(0, 'a.txt', { lock: lockOf('ann') }), entry(1, 'b.txt', { held: 2 })];
    expect(lines(entries, 29)).toEqual([
      '#  name    size  state',
      '0  a.txt  661 B',
      '     locked by ann',
      '1  b.txt  661 B  held: 2',
      '',
    ]);
    expect(lines(entries, 60)).toHaveLength(4);
    const waiters = new Map([['a.txt', 'bob and 2 more wait']]);
    const plain = [...listingText(entries, { colors, waiters })].join('');
    expect(plain).toMatch(/\n0 .* locked by ann, bob and 2 more wait\n1 .* held: 2\n$/);
  });

  it.each([
    [{}, ''],
    [{ lock: lockOf('ann') }, 'locked by ann'],
    [{ held: 2 }, 'held: 2'],
    [{ on: 'a' as const }, 'only in a'],
    [{ on: 'b' as const, syncing: 43.9 }, 'only in b, syncing 43 %'],
    [{ path: 'x (conflict B 2026-11-21 14-03-22).txt' }, 'conflict copy'],
    [{ lock: lockOf('ann'), held: 3, on: 'a' as const }, 'locked by ann, held: 3, only in a'],
  ])('state of %j is "%s"', (more, state) => {
    expect(stateText(entry(0, 'x', more))).toBe(state);
  });

  it('shows 100,000 rows', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => entry(i, `directory-${i % 100}/file-${i}.txt`));
    expect(lines(many)).toHaveLength(100_002);
  });
});

describe('the other tables', () => {
  it('shows locks', () => {
    const text = locksText([
      { ...lockRowOf('ann'), path: 'a.txt', message: 'new\ncover', held: 2, waiting: [{ owner: 'bob', since: '' }] },
    ]);
    expect(text).toMatch(
      /^name +holder +side +since +until +held +waiting +why\na\.txt +ann +a .*- +2 +bob +new\\ncover\n$/,
    );
  });

  it('is a table where it fits, without empty columns where it fits so, and paragraphs where it does not', () => {
    const columns = ['name', 'side', 'until', 'waits', 'why'].map((title) => ({ title }));
    const rows = [
      ['图纸/plan.txt', 'a', '-', '', 'new roof'],
      ['b.txt', 'b', '-', '', 'a reason that is long'],
    ];
    const heads = (window: number) => tableLines(columns, rows, window)[0];
    expect(heads(Number.POSITIVE_INFINITY)).toBe('name           side  until  waits  why');
    expect(heads(38)).toBe('name           side  until  waits  why');
    expect(heads(37)).toBe('name           side  why');
    expect(heads(24)).toBe('name           side  why');
    expect(tableLines(columns, rows, 23)).toEqual([
      '图纸/plan.txt  side a',
      '  why new roof',
      'b.txt  side b',
      '  why a reason that is long',
    ]);
    expect(tableLines(columns, [], 5)).toHaveLength(1);
  });

  it('shows held updates', () => {
    const text = heldText([
      { path: 'a.txt', position: 1, action: 'modified', size: 661, received: '2026-11-21T14:03:22Z', base: null },
      { path: 'a.txt', position: 2, action: 'deleted', size: 0, received: '2026-11-21T14:03:22Z', base: null },
    ]);
    expect(text.split('\n')[1]).toMatch(/^a\.txt +1 {2}modified +661 B {2}2026-11-21 /);
    expect(text.split('\n')[2]).toMatch(/^a\.txt +2 {2}deleted {2} +2026-11-21 /);
  });

  it.each([
    [[], ''],
    [['bob'], 'bob waits'],
    [['bob', 'c\u001bl'], 'bob and c\\u001bl wait'],
    [['bob', 'carl', 'dora'], 'bob and 2 more wait'],
  ])('says of %j: %s', (owners, said) => {
    expect(waitersText(owners.map((owner) => ({ owner, since: '' })))).toBe(said);
  });

  it('shows in the status who holds what and who waits, as far as a glance goes', () => {
    const lock = (n: number) => ({
      ...lockRowOf('ann'),
      path: `f${n}`,
      held: n % 2,
      waiting: [{ owner: 'bob', since: '' }],
    });
    const locks = Array.from({ length: 12 }, (_, n) => lock(n));
    const status: Status = {
      ...{ state: 'peer-lost', peer: { address: 'x:1', connected: false }, a: { files: 1, bytes: 1 }, pending: 0 },
      ...{ b: { files: 2, bytes: 2 }, held: 6, locks: 12, conflicts: 0, problems: [] },
      versions: { a: { files: 2, bytes: 1024 }, b: null },
      ...{ paused: null, left: { files: 0, bytes: 0 }, lastInSync: null },
    };
    const text = statusText(status, locks, colors);
    expect(text).toContain('locks      12\n  f0: ann, bob waits\n  f1: ann, 1 held, bob waits\n');
    expect(text).toContain('  f9: ann, 1 held, bob waits\n  and 2 more: client locks\n');
    expect(text).toMatch(/^Server-b is away\n[\s\S]*side b {5}2 files, 2 B when last seen[\s\S]*"server-b"/);
    expect(statusText({ ...status, b: null }, [], colors)).toMatch(/nothing is known of side b yet/);
  });

  it('shows the status, and what to type after a halt', () => {
    const status: Status = {
      state: 'halted',
      peer: { address: '127.0.0.1:8081', connected: false },
      a: { files: 1, bytes: 661 },
      b: null,
      pending: 0,
      held: 0,
      locks: 0,
      conflicts: 0,
      versions: { a: { files: 2, bytes: 1024 }, b: { files: 1, bytes: 1024 } },
      problems: [
        { path: '', code: 'root-emptied', message: '/b is empty' },
        { path: 'x\u001b', code: 'io-error', message: 'the disk is ill' },
      ],
      paused: null,
      left: { files: 0, bytes: 0 },
      lastInSync: null,
    };
    const text = statusText(status, [], colors);
    expect(text).toContain('Halted for safety');
    expect(text).toContain('client resume --accept-deletes');
    const gone: Status = { ...status, problems: [{ path: '', code: 'root-missing', message: '/b is gone' }] };
    expect(statusText(gone, [], colors)).not.toContain('--accept-deletes');
    const ways = (...codes: Status['problems'][number]['code'][]) => {
      const problems = codes.map((code) => ({ path: '', code, message: 'why' }));
      return statusText({ ...status, problems }, [], colors).match(/resume --[\w-]+/g);
    };
    expect(ways('other-partner')).toEqual(['resume --new-partner']);
    expect(ways('root-unmounted')).toEqual(['resume --new-partner']);
    expect(ways('rolled-back')).toEqual(['resume --new-partner', 'resume --accept-rollback']);
    expect(ways('root-emptied', 'mass-deletion')).toEqual(['resume --new-partner', 'resume --accept-deletes']);
    const told = 'why. Confirm it with: client resume --accept-deletes';
    const problems = [{ path: '', code: 'root-emptied' as const, message: told }];
    expect(statusText({ ...status, problems }, [], colors).match(/resume --[\w-]+/g)).toEqual([
      'resume --accept-deletes',
    ]);
    const left: Status = { ...status, state: 'in-sync', held: 2 };
    expect(statusText(left, [], colors)).toContain('In sync, but for 2 held updates and 2 problems');
    expect(text).toContain('side a     1 file, 661 B');
    expect(text).toContain('versions   3 files, 2.00 KB\n');
    const unknown: Status = { ...status, versions: { a: { files: 1, bytes: 9 }, b: null } };
    expect(statusText(unknown, [], colors)).toContain('versions   1 file, 9 B, without side b\n');
    expect([text, statusText(left, [], colors)]).toEqual([
      expect.stringContaining('\nin sync    not yet\n'),
      expect.stringContaining('\nin sync    now\n'),
    ]);
    expect(text).toContain('  x\\u001b: the disk is ill (io-error)');
    const peer = { address: 'x:1', connected: true };
    const seen: Status = { ...status, peer, b: { files: 7, bytes: 9 }, outdated: ['b'] };
    expect(statusText(seen, [], colors)).toContain(
      'side a     1 file, 661 B\nside b     7 files, 9 B when last seen\n',
    );
  });

  it('says who has paused the pair and since when, what waits, and when both sides last agreed', () => {
    const time = new Date(2026, 10, 21, 14, 3, 22);
    const status: Status = {
      ...{ state: 'paused', peer: { address: 'x:1', connected: true }, a: { files: 1, bytes: 1 }, pending: 2 },
      ...{ b: { files: 2, bytes: 2 }, held: 0, locks: 0, conflicts: 0, problems: [] },
      ...{ paused: { by: 'ann\u001b', since: time.toISOString() }, left: { files: 2, bytes: 1_181_116_006 } },
      lastInSync: new Date(2026, 10, 21, 14, 2).toISOString(),
      versions: { a: null, b: null },
    };
    expect(statusText(status, [], colors).split('\n').slice(0, 7)).toEqual([
      'Paused by ann\\u001b since 2026-11-21 14:03. Go on with: client resume',
      '',
      'peer       x:1, connected',
      'side a     1 file, 1 B',
      'side b     2 files, 2 B',
      'pending    2 (1.10 GB)',
      'in sync    2026-11-21 14:02',
    ]);
    const [asked] = statusText({ ...status, paused: null }, [], colors).split('\n');
    expect(asked).toBe('Waiting: somebody is asked before anything is transferred');
  });
});

describe('colours', () => {
  it.each([
    ['auto', true, {}, true],
    ['auto', false, {}, false],
    ['auto', true, { NO_COLOR: '1' }, false],
    ['auto', true, { NO_COLOR: '' }, true],
    ['auto', true, { TERM: 'dumb' }, false],
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, {}, false],
  ] as const)('%s, terminal %s, %j: %s', (wish, terminal, env, on) => {
    expect(wantsColor(wish, terminal, env)).toBe(on);
  });
});

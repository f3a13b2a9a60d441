// Names, times, addresses, lines of events, and texts side by side.
import { describe, expect, test } from 'vitest';
import type { Gap, SyncEvent } from '../../../../src/core/events.js';
import { eventLine } from '../../../../src/web/page/words/event-words.js';
import { fileAddress, partsOf, peopleText, shownName } from '../../../../src/web/page/words/names.js';
import { parseRoute, routeText, tokenIn } from '../../../../src/web/page/words/route.js';
import { sideBySide } from '../../../../src/web/page/words/side-by-side.js';
import { exactText, whenText } from '../../../../src/web/page/words/times.js';
import { NOW } from './fixtures.js';

test.each([
  ['plain.txt', 'plain.txt'],
  ['<b>&amp;', '<b>&amp;'],
  ['a\u001b[2Jb\n', 'a\\u001b[2Jb\\n'],
  ['exe.\u202etxt', 'exe.\\u202etxt'],
  ['\u{1f3e0} שלום', '\u{1f3e0} שלום'],
  ['\ud800x', '\ufffdx'],
])('%j is shown harmlessly', (name, shown) => expect(shownName(name)).toBe(shown));

test('paths, people and addresses', () => {
  expect(partsOf('a/b/c.txt')).toEqual({ folder: 'a/b/', name: 'c.txt' });
  expect(partsOf('c.txt')).toEqual({ folder: '', name: 'c.txt' });
  expect(partsOf('a/b/')).toEqual({ folder: 'a/', name: 'b/' });
  expect([['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map(peopleText)).toEqual([
    ...['a', 'a and b', 'a, b and c', 'a, b and 2 more'],
  ]);
  expect(fileAddress('a b/100%?#.txt')).toBe('/files/a%20b/100%25%3F%23.txt');
});

test.each([
  [new Date(2026, 10, 21, 9, 5), '09:05'],
  [new Date(2026, 10, 20, 23, 59), 'yesterday 23:59'],
  [new Date(2026, 2, 1, 8, 0), '1 Mar 08:00'],
  [new Date(2025, 10, 21, 8, 0), '21 Nov 2025'],
])('%s is %s', (date, text) => expect(whenText(date.toISOString(), NOW)).toBe(text));

test('the exact time, and what is none', () => {
  expect(exactText(new Date(2026, 10, 21, 9, 5, 7).toISOString())).toBe('2026-11-21 09:05:07');
  expect([whenText('', NOW), exactText('never')]).toEqual(['', '']);
});

test.each([
  ['', 'files', ''],
  ['#/locks', 'locks', ''],
  ['#/conflicts/a%2Fb%20c', 'conflicts', 'a/b c'],
  ['#/activity/%E0%A4%A', 'activity', ''],
  ['#/nothing', 'files', ''],
  ['#abcdef', 'files', ''],
])('the address %j leads to %s %j', (hash, view, path) => expect(parseRoute(hash)).toEqual({ view, path }));

test('addresses lead where they were made for, and are no tokens', () => {
  const route = { view: 'conflicts', path: 'a/ü #?.txt' } as const;
  expect(parseRoute(routeText(route))).toEqual(route);
  expect([tokenIn(routeText(route)), tokenIn(''), tokenIn('#aB-_9')]).toEqual([null, null, 'aB-_9']);
});

test.each<[SyncEvent | Gap, string]>([
  [
    { event: 'synced', path: 'x', action: 'renamed', from: 'a', to: 'b', bytes: 2048, sent: 0, ms: 1, was: 'y' },
    'Renamed x side a → side b, 2.00 KB, was y',
  ],
  [{ event: 'held', path: 'x', action: 'modified', position: 2 }, 'Held x changed; update 2 waits'],
  [{ event: 'applied', path: 'x', action: 'modified', position: 1, of: 2 }, 'Held update applied x 1 of 2'],
  [
    { event: 'unlocked', path: 'x', owner: 'ben', by: 'anna', reason: 'stolen' },
    'Taken over by anna x the lock of ben',
  ],
  [{ event: 'unlocked', path: 'x', owner: 'ben', by: 'ben', reason: 'released' }, 'Unlocked by ben x '],
  [{ event: 'asked', path: 'x', owner: 'ben', by: 'anna', message: 'now' }, 'anna asks ben for x “now”'],
  [{ event: 'conflict', path: 'x', kept: 'a', copy: 'y' }, 'Conflict x side a keeps the name; the other is y'],
  [
    { event: 'opened', path: 'x', app: 'Word', owner: 'ben', side: 'b', lockedBy: 'anna' },
    'Opened by ben x in Word on side b; anna has the lock',
  ],
  [
    { event: 'halted', code: 'x', message: 'Gone. Nothing is touched. Type this.' },
    'Stopped for safety  Gone. Nothing is touched.',
  ],
  [{ event: 'gap', missed: 3, id: 1, run: 'r', time: '' }, 'Something is missing here  3 events are no longer kept'],
  [{ event: 'later' } as never, 'later  '],
])('%j in words', (event, words) => {
  const { text, path, more } = eventLine(event);
  expect(`${text} ${path} ${more}`).toBe(words);
});

describe('side by side', () => {
  const shown = (a: string, b: string) =>
    sideBySide(a, b)?.map((row) =>
      row.kind === 'folded'
        ? `... ${row.lines}`
        : [row.a, row.b]
            .map((line) => line?.pieces.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('') ?? '')
            .join(' | '),
    );
  test.each<[it: string, a: string, b: string, rows: string[]]>([
    ['equal', 'x\n', 'x\n', ['x | x']],
    ['a changed word', 'one two\n', 'one three\n', ['one [two] | one [three]']],
    ['a line more', 'x\n', 'x\ny\n', ['x | x', ' | [y]']],
    ['a line less', 'x\ny\n', 'y\n', ['[x] | ', 'y | y']],
    ['against nothing', '', 'x\n', [' | [x]']],
    ['two lines for one', 'x\n', 'y\nz\n', ['[x] | [y]', ' | [z]']],
  ])('%s', (_, a, b, rows) => expect(shown(a, b)).toEqual(rows));

  test('long equal parts are folded, but for what is beside a difference', () => {
    const lines = (first: string) => [first, ...Array.from({ length: 20 }, (_, n) => `line ${n}`)].join('\n');
    expect(shown(lines('x'), lines('y'))).toEqual([
      ...['[x] | [y]', 'line 0 | line 0', 'line 1 | line 1', 'line 2 | line 2', '... 17'],
    ]);
  });
  test('texts without anything in common take a bounded time', () => {
    const text = (seed: number) =>
      Array.from({ length: 40_000 }, (_, n) => (n * seed * 2_654_435_761) % 1e9).join('\n');
    const begun = performance.now();
    expect(sideBySide(text(3), text(7))).toBeNull();
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

// What a row of the list says, which rows are searched for, and how the list changes by events.
import { describe, expect, test } from 'vitest';
import { type Kind, ListFilter } from '../../../../src/web/page/words/filter.js';
import { afterEvents, placeIn } from '../../../../src/web/page/words/listing.js';
import { lockSentence, rowTags } from '../../../../src/web/page/words/row-words.js';
import type { ListEntry, LockRow } from '../../../../src/wire/client-api/methods.js';
import { at, file, lock, NOW } from './fixtures.js';

const waiting = (...owners: string[]) => owners.map((owner) => ({ owner, since: at(14) }));
const COPY = 'p (conflict B 2026-11-21 14-03-22).txt';

test.each<[Partial<ListEntry>, LockRow | undefined, held: number, string[]]>([
  [{}, undefined, 0, []],
  [{}, lock('x', 'ben'), 0, ['locked by ben']],
  [{}, lock('x', 'anna'), 0, ['locked by you']],
  [{}, lock('x', 'A. Smith', { account: 'anna' }), 0, ['locked by you']],
  [{}, lock('x', 'ben', { kind: 'auto', app: 'Word' }), 0, ['open in Word by ben']],
  [{}, lock('x', 'ben', { kind: 'auto', app: null, away: at(14) }), 0, ['locked by ben, away']],
  [{}, lock('x', 'ben', { waiting: waiting('carl') }), 2, ['locked by ben', '2 held', 'carl waits']],
  [{}, lock('x', 'ben', { waiting: waiting('carl', 'anna') }), 0, ['locked by ben', 'carl and you wait']],
  [{}, lock('x', 'ben', { waiting: waiting('anna') }), 0, ['locked by ben', 'you wait']],
  [{ on: 'a' }, undefined, 0, ['only on side a']],
  [{ on: 'a', syncing: 43.7 }, undefined, 0, ['on the way, 43 %']],
  [{ type: 'symlink' }, undefined, 0, ['link']],
  [{ path: COPY }, undefined, 0, ['conflict copy']],
  [{}, lock('x', 'e\u001b[31mvil\u202e'), 0, ['locked by e\\u001b[31mvil\\u202e']],
])('tags of %j', (row, held, count, words) => {
  const tags = rowTags(file('x', row), { lock: held, held: count, me: 'anna' });
  expect(tags.map(({ text }) => text)).toEqual(words);
});

test('a lock in a sentence', () => {
  const said = (row: LockRow) => lockSentence(row, 'anna', NOW);
  expect(said(lock('x', 'anna'))).toBe('You have it on side a since 14:03.');
  expect(said(lock('x', 'ben', { expires: at(16) }))).toBe('ben has it on side a since 14:03, until 16:00.');
  expect(said(lock('x', 'ben', { kind: 'auto', app: 'Word', away: at(14, 30) }))).toBe(
    'ben has it open in Word on side a since 14:03, away since 14:30.',
  );
});

describe('searching', () => {
  const rows = [file('Art/Cover.psd'), file('docs/plan.txt', { on: 'b' }), file(COPY), file('docs/roof plan.dwg')];
  const facts = {
    locks: new Map([
      ['docs/plan.txt', lock('docs/plan.txt', 'anna')],
      ['Art/Cover.psd', lock('Art/Cover.psd', 'ben')],
    ]),
    held: new Map([['Art/Cover.psd', 1]]),
    me: 'anna',
  };
  test.each<[text: string, kind: Kind, folder: string, found: string[]]>([
    ['', 'all', '', rows.map(({ path }) => path)],
    ['COVER', 'all', '', ['Art/Cover.psd']],
    ['plan docs', 'all', '', ['docs/plan.txt', 'docs/roof plan.dwg']],
    ['plan', 'all', 'docs/', ['docs/plan.txt', 'docs/roof plan.dwg']],
    ['', 'locked', '', ['Art/Cover.psd', 'docs/plan.txt']],
    ['', 'mine', '', ['docs/plan.txt']],
    ['', 'held', '', ['Art/Cover.psd']],
    ['', 'conflicts', '', [COPY]],
    ['', 'one side', '', ['docs/plan.txt']],
    ['nothing', 'all', '', []],
  ])('%j, %s, in %j', (text, kind, folder, found) => {
    expect(new ListFilter().filter(rows, { text, kind, folder }, facts).map(({ path }) => path)).toEqual(found);
  });

  test('another list is searched anew', () => {
    const filter = new ListFilter();
    const search = { text: 'new', kind: 'all', folder: '' } as const;
    expect(filter.filter(rows, search, facts)).toEqual([]);
    expect(filter.filter([file('new')], search, facts)).toHaveLength(1);
  });
});

describe('events', () => {
  const rows = ['a', 'c', 'e'].map((path) => file(path, { on: 'a', syncing: 10 }));
  const synced = (path: string, action: string, more: object = {}) =>
    ({ event: 'synced', path, action, from: 'a', to: 'b', bytes: 7, sent: 7, ms: 1, time: at(15), ...more }) as never;
  const after = (...events: never[]) => afterEvents(rows, events);

  test('a new file stands in its place', () => {
    expect(after(synced('b', 'created')).map(({ path }) => path)).toEqual(['a', 'b', 'c', 'e']);
    expect(after(synced('b', 'created'))[1]).toMatchObject({ size: 7, on: 'both', mtime: at(15) });
  });
  test('what may be a directory gets no row', () => expect(after(synced('d', 'created', { bytes: 0 }))).toBe(rows));
  test('a changed one has its size, on both sides', () => {
    const [, row] = after(synced('c', 'modified'));
    expect(row).toMatchObject({ size: 7, on: 'both' });
    expect(row).not.toHaveProperty('syncing');
  });
  test('rights alone change no size', () => expect(after(synced('c', 'metadata'))[1]).toMatchObject({ size: 3 }));
  test('a deleted one is gone', () => expect(after(synced('c', 'deleted'))).toHaveLength(2));
  test('a renamed one moves', () => {
    expect(after(synced('f', 'renamed', { was: 'a' })).map(({ path }) => path)).toEqual(['c', 'e', 'f']);
  });
  test('a renamed directory changes no row', () => expect(after(synced('y', 'renamed', { was: 'x' }))).toBe(rows));
  test('places follow the bytes of names', () => {
    const two = [file('\uffff'), file('\u{1f600}')];
    expect(placeIn(two, '\u{1f600}')).toEqual({ at: 1, found: true });
    expect(placeIn(two, 'a')).toEqual({ at: 0, found: false });
  });
});

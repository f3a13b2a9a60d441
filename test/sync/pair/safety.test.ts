// The halts of server-a, without servers: archives that are closed and opened, scans that are folded in, and what is
// allowed then.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { type Introduction, introducedBy, type RootDescription } from '../../../src/core/partner.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { OpenStore, Table } from '../../../src/disk/state/store.js';
import type { ScanResult } from '../../../src/replica.js';
import { openArchive } from '../../../src/sync/pair/archive.js';
import type { Pair } from '../../../src/sync/pair/pair.js';
import { withAdvice } from '../../../src/wire/frame/advice-text.js';
import { dir, file, link } from '../../support/disk-site.js';

type Files = Record<string, string | Entry | null>;

const OWN: RootDescription = { root: 'root-a', dir: '/a', device: '1', machine: 'here' };
const B: Introduction = { ...introducedBy('root-b'), dir: '/b', epoch: 0 };

/** What is on the disk of side a between two runs. */
let rows: Map<string, Map<string, unknown>>;
let pair: Pair;
let said: string[];
let now: number;

const inMemory: OpenStore = (_file, tables) => {
  for (const [name, table] of Object.entries(tables as Readonly<Record<string, Table>>)) {
    for (const [key, value] of rows.get(name) ?? []) table.load(key, JSON.parse(JSON.stringify(value)));
  }
  const put = (table: string, key: string, value: unknown) => {
    if (!rows.has(table)) rows.set(table, new Map());
    rows.get(table)!.delete(key);
    rows.get(table)!.set(key, value);
  };
  return { store: { put, durable: async () => {}, close: async () => {} } } as never;
};

/** Server-a starts (again). */
function start(): void {
  said = [];
  pair = openArchive('archive.log', (text) => said.push(text), inMemory).pair;
}

beforeEach(() => {
  rows = new Map();
  now = 1_000_000;
  start();
});

function entriesOf(files: Files): { path: RelPath; entry: Entry | null }[] {
  return Object.entries(files).map(([path, what]) => ({
    path: path as RelPath,
    entry: typeof what === 'string' ? file(what) : what,
  }));
}

/** Folds in a scan of `side`. */
function scan(side: Side, files: Files, more: Partial<ScanResult> = {}): void {
  const told = { whole: false, unknown: [], problems: [], rules: [], unsettled: 0, halt: null };
  pair.foldScan(side, { ...told, ...more, entries: entriesOf(files) }, now);
}

const whole = (side: Side, files: Files, more: Partial<ScanResult> = {}) => scan(side, files, { whole: true, ...more });

/** Both sides agree on what side a has. */
function agree(): void {
  for (const [path, node] of pair.a.snapshot!.walk()) pair.agree(path, node);
  pair.endFirstContact();
}

/** The pair has been in step with `files`. */
function inStep(files: Files, b = B): void {
  pair.meet(OWN, b);
  whole('a', files);
  whole('b', files);
  agree();
}

const many = (count: number, from = 0): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`d/${from + n}`, `content ${from + n}`]));
const gone = (files: Files): Files => Object.fromEntries(Object.keys(files).map((path) => [path, null]));
const codes = () => pair.halts.map(({ code }) => code);
const shared = () => [...pair.archive.walk()].filter(([, { type }]) => type !== 'dir').length;
const FEW = { a: '1', b: '2', c: '3', 'd/e': '4', 'd/f': '5', g: '6' };

describe('a loss', () => {
  const everything = many(300);
  const most = gone(many(160));
  const cases: [string, (side: Side) => void, string | null][] = [
    ['of all, in a scan of the differences', (side) => scan(side, { d: null }), 'root-emptied'],
    ['of all, in a scan of everything', (side) => whole(side, {}), 'root-emptied'],
    ['most', (side) => scan(side, most), 'mass-deletion'],
    ['of most, in a scan of everything', (side) => whole(side, many(140, 160)), 'mass-deletion'],
    ['half', (side) => scan(side, gone(many(150))), null],
    ['most, now directories', (side) => scan(side, mapped(most, dir())), 'mass-deletion'],
    ['most, now links', (side) => scan(side, mapped(most, link('x'))), 'mass-deletion'],
    ['a directory, now a file', (side) => scan(side, { d: 'x' }), 'mass-deletion'],
    ['nothing, but all moved', (side) => scan(side, { ...renamed(everything, 'e'), d: null }), null],
    ['most, the rest moved', (side) => scan(side, { ...renamed(many(100), 'e'), d: null }), 'mass-deletion'],
    ['nothing that can be seen', (side) => whole(side, {}, { unknown: ['d' as RelPath] }), null],
    ['what became ignored', (side) => whole(side, {}, { rules: ['d/'] }), null],
  ];
  const onBoth = cases.flatMap(([it, scan, code]) =>
    (['a', 'b'] as const).map((side) => [it, side, scan, code] as const),
  );

  it.each(onBoth)('%s, on side %s', (_, side, scan, code) => {
    inStep(everything);
    scan(side);
    expect(codes()).toEqual(code === null ? [] : [code]);
    expect(pair.safety.blocks).toBe(code !== null);
    expect(pair.safety.trusts(side)).toBe(code === null);
  });

  const mapped = (files: Files, entry: Entry): Files =>
    Object.fromEntries(Object.keys(files).map((path) => [path, entry]));
  const renamed = (files: Files, to: string): Files =>
    Object.fromEntries(Object.entries(files).map(([path, what]) => [path.replace('d/', `${to}/`), what]));

  it('is judged for each scan by itself', () => {
    inStep(everything);
    scan('b', gone(many(90)));
    scan('b', gone(many(90, 90)));
    expect(codes()).toEqual([]);
    // Accepted losses are known, also after a restart: what is missing now is not a new loss.
    start();
    pair.meet(OWN, B);
    whole('a', everything);
    whole('b', many(120, 180));
    expect(codes()).toEqual([]);
  });

  it('halts again after a restart and a reconnection, and ends when the files are back', () => {
    inStep(everything);
    scan('b', most);
    pair.loseB();
    expect(codes()).toEqual([]);
    pair.meet(OWN, B);
    whole('b', many(140, 160));
    expect(codes()).toEqual(['mass-deletion']);
    start();
    pair.meet(OWN, B);
    whole('b', many(140, 160));
    // Side a may lack the same: then nothing of it would be lost.
    expect([codes(), pair.safety.blocks]).toEqual([[], true]);
    whole('a', everything);
    expect(codes()).toEqual(['mass-deletion']);
    expect(shared()).toBe(300);
    scan('b', many(160));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('lasts until everything is back, although a part of it would need no confirmation', () => {
    inStep(everything);
    scan('b', most);
    expect(codes()).toEqual(['mass-deletion']);
    scan('b', many(60));
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
    expect(pair.safety.halts[0]!.message).toContain('100 of the 300 files');
    scan('b', many(160));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('lasts where people delete some of the files on the other side, too, and ends where they delete all of them', () => {
    inStep(everything);
    scan('b', most);
    const [some, others] = [Object.keys(most).slice(0, 70), Object.keys(most).slice(70)];
    scan('a', Object.fromEntries(some.map((path) => [path, null])));
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
    scan('a', Object.fromEntries(others.map((path) => [path, null])));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('lasts through a restart and a reconnection, while a part is back', () => {
    inStep(everything);
    scan('b', most);
    start();
    pair.meet(OWN, B);
    whole('b', many(240, 60));
    whole('a', everything);
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
    pair.loseB();
    pair.meet(OWN, B);
    whole('b', many(299, 1));
    expect(codes()).toEqual(['mass-deletion']);
    whole('b', everything);
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
    // It is over: a small loss afterwards is one like any other.
    scan('b', gone(many(3)));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it.each(['root-emptied', 'mass-deletion'] as const)('lasts where the side itself reported it: %s', (code) => {
    inStep(everything);
    scan('b', {}, { halt: { code, message: 'It is gone.' } });
    scan('b', { ...gone(many(50)), x: 'new' });
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
    pair.safety.confirm({ acceptDeletes: true });
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('lasts where the side itself reported it, until its paths are settled', () => {
    inStep(many(8));
    scan('b', {}, { halt: { code: 'root-emptied', message: 'It is empty.' } });
    // The first scan after that knows only what has come; what is gone has to settle.
    scan('b', { x: 'new' }, { unsettled: 8 });
    expect(codes()).toEqual([]);
    scan('b', gone(many(8)));
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
    scan('b', many(8));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('lasts where another file comes into an empty root', () => {
    inStep(many(6));
    whole('b', {});
    expect(codes()).toEqual(['root-emptied']);
    scan('b', { x: 'new' });
    expect(codes()).toEqual(['mass-deletion']);
    scan('b', many(6));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('ends where what was missing has come under other names', () => {
    inStep(everything);
    scan('b', most);
    scan('b', { ...many(100), ...renamed(many(60, 100), 'e') });
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('does not count where the other side lacks the files, too: both deleted them before a crash', () => {
    inStep(everything);
    start();
    pair.meet(OWN, B);
    whole('b', many(140, 160));
    whole('a', many(140, 160));
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('does not halt again once it is confirmed', () => {
    inStep(everything);
    scan('b', most);
    pair.safety.confirm({ acceptDeletes: true });
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
    start();
    pair.meet(OWN, B);
    whole('a', everything);
    whole('b', many(140, 160));
    expect(codes()).toEqual([]);
    // A file that was restored and vanishes again is a new loss.
    scan('b', many(160));
    scan('b', most);
    expect(codes()).toEqual(['mass-deletion']);
  });

  it('does not count where a client deleted the files', () => {
    inStep(everything);
    for (const path of Object.keys(most) as RelPath[]) {
      pair.foldWritten('a', { path, action: 'deleted', before: pair.entry('a', path), after: null });
    }
    start();
    pair.meet(OWN, B);
    whole('a', many(140, 160));
    whole('b', everything);
    expect(codes()).toEqual([]);
  });

  it('does not count where a client renamed their directory', () => {
    inStep(everything);
    const [path, d] = ['e', 'd'] as RelPath[];
    const from = { path: d!, entry: pair.entry('a', d!)! };
    pair.foldWritten('a', { path: path!, action: 'renamed', before: null, after: from.entry, from });
    start();
    pair.meet(OWN, B);
    whole('a', { other: 'x' });
    whole('b', everything);
    expect(codes()).toEqual([]);
  });

  it('waits for unsettled paths, but not for ever', () => {
    inStep(everything);
    scan('b', most, { unsettled: 1 });
    expect([codes(), pair.safety.blocks, pair.safety.isSettling]).toEqual([[], true, true]);
    now += 14_000;
    scan('b', {}, { unsettled: 1 });
    expect(codes()).toEqual([]);
    now += 2_000;
    scan('b', {}, { unsettled: 1 });
    expect(codes()).toEqual(['mass-deletion']);
    scan('b', {}, { unsettled: 1 });
    expect(codes()).toEqual(['mass-deletion']);
  });

  it.each([{}, { acceptRollback: true }, { acceptLostLocks: true }])('is not confirmed by %j', (what) => {
    inStep(everything);
    scan('b', most);
    pair.safety.confirm(what);
    expect([codes(), shared(), pair.firstContact]).toEqual([['mass-deletion'], 300, false]);
  });

  it('is restored with --new-partner', () => {
    inStep(everything);
    scan('b', most);
    pair.safety.confirm({ newPartner: true });
    expect([codes(), pair.safety.blocks, shared(), pair.firstContact]).toEqual([[], false, 0, true]);
  });
});

describe('another root', () => {
  const other = { ...B, root: 'root-c', dir: '/c' };
  const come = (files: Files, b: Introduction = other, more: Partial<ScanResult> = {}) => {
    pair.loseB();
    pair.meet(OWN, b);
    whole('b', files, more);
  };

  it.each([
    [{}, 'other-partner'],
    [{ a: '1', b: '2' }, 'other-partner'],
    [{ a: '1', b: '2', c: 'other', 'd/e': 'other', x: '9' }, 'other-partner'],
    [{ a: '1', b: '2', c: '3' }, null],
    [{ ...FEW, a: file('1', { mtime: 7 }) }, null],
  ])('with %j: %s', (files, code) => {
    inStep(FEW);
    come(files);
    expect(codes()).toEqual(code === null ? [] : [code]);
    expect(pair.firstContact).toBe(code === null);
    expect(shared()).toBe(code === null ? 0 : 6);
    expect(said).toEqual(code === null ? [expect.stringMatching(/"\/c".* not known by its identity/)] : []);
  });

  it('halts until it is confirmed, also after restarts; then it is the known one', () => {
    inStep(FEW);
    come({ x: '1' });
    start();
    pair.meet(OWN, other);
    whole('b', { x: '1' });
    whole('a', FEW);
    expect(codes()).toEqual(['other-partner']);
    expect(withAdvice(pair.halts[0]!)).toMatch(
      /"\/c".* 0 of the 6 files .*which was "\/b".*client resume --new-partner/,
    );
    for (const word of [{ acceptDeletes: true }, { acceptRollback: true }]) pair.safety.confirm(word);
    expect([codes(), shared()]).toEqual([['other-partner'], 6]);
    pair.safety.confirm({ newPartner: true });
    expect([codes(), pair.firstContact, pair.safety.trusts('b')]).toEqual([[], true, true]);
    start();
    expect(pair.meet(OWN, other)).toBe(true);
    expect(pair.firstContact).toBe(true);
  });

  it('leaves the archive unchanged for the former root', () => {
    inStep(FEW);
    come({ x: '1' }, other, { rules: ['d/'], damaged: ['a' as RelPath] });
    expect(shared()).toBe(6);
    pair.loseB();
    expect(pair.meet(OWN, B)).toBe(true);
    whole('b', FEW);
    expect([codes(), pair.safety.blocks, shared()]).toEqual([[], false, 6]);
  });

  it('waits for files that are still being read', () => {
    inStep(FEW);
    come({ a: '1' }, other, { unknown: ['d' as RelPath], unsettled: 2 });
    expect([codes(), pair.safety.blocks]).toEqual([[], true]);
    scan('b', { 'd/e': '4', 'd/f': '5' });
    expect([codes(), pair.safety.blocks, pair.firstContact]).toEqual([[], false, true]);
  });

  it.each<[it: string, files: Files, more: Partial<ScanResult>, waits: boolean]>([
    ['that may be the missing half', { a: '1' }, { unknown: ['d' as RelPath], unsettled: 1 }, true],
    ['that may be more than half', { a: '1', b: '2' }, { unknown: ['d' as RelPath], unsettled: 1 }, true],
    ['but not for fewer', {}, { unknown: ['d' as RelPath], unsettled: 1 }, false],
    ['but not where they are not being read', { a: '1' }, { unknown: ['d' as RelPath] }, false],
    ['but not where nothing is unknown', { a: '1' }, { unsettled: 1 }, false],
  ])('waits for unknown files %s', (_, files, more, waits) => {
    inStep(FEW);
    come(files, other, more);
    expect([codes(), pair.safety.blocks, pair.safety.isSettling]).toEqual([
      waits ? [] : ['other-partner'],
      true,
      waits,
    ]);
  });

  it('has no age, whatever it has acknowledged of somebody else', () => {
    inStep(FEW);
    pair.meta.put('epoch', 7);
    come({ x: '1' }, { ...other, epoch: 3 });
    expect(codes()).toEqual(['other-partner']);
  });

  it('is the same root where only side a has lost its identity, whatever its age is', () => {
    inStep(FEW);
    pair.meta.put('epoch', 7);
    pair.loseB();
    pair.meet({ ...OWN, root: 'anew' }, { ...B, epoch: 3 });
    whole('b', { ...FEW, a: 'other' });
    expect([codes(), pair.firstContact]).toEqual([[], true]);
  });

  it('is a first contact where nothing is shared any more', () => {
    inStep({});
    come({ x: '1' });
    expect([codes(), pair.firstContact]).toEqual([[], true]);
  });

  it('is the same root where only side a has lost its identity', () => {
    inStep(FEW);
    pair.loseB();
    expect(pair.meet({ ...OWN, root: 'anew' }, B)).toBe(false);
    whole('b', { x: '1' });
    expect([codes(), pair.firstContact]).toEqual([[], true]);
  });

  it('is the former one without its state directory: a loss is asked about first', () => {
    const forgot = { ...other, former: ['root-b'] };
    inStep(many(300));
    come(many(140, 160), forgot);
    expect(codes()).toEqual(['mass-deletion']);
    pair.safety.confirm({ acceptDeletes: true });
    // What both sides shared still counts, or the confirmed deletions would be undone.
    expect([codes(), pair.safety.blocks, shared(), pair.firstContact]).toEqual([[], false, 300, false]);
    start();
    expect(pair.meet(OWN, forgot)).toBe(true);
  });

  it('is the former one without its state directory: what is accepted before it was scanned decides nothing', () => {
    inStep(many(300));
    scan('a', gone(many(160)));
    expect(codes()).toEqual(['mass-deletion']);
    pair.loseB();
    pair.meet(OWN, { ...other, former: ['root-b'] });
    pair.safety.confirm({ acceptDeletes: true });
    expect([codes(), pair.safety.blocks, pair.meet(OWN, other)]).toEqual([[], true, false]);
  });

  it('is the former one without its state directory: a small loss is not accepted', () => {
    inStep(many(300));
    come(many(290), { ...other, former: ['root-b'] });
    expect([codes(), pair.safety.blocks, shared(), pair.firstContact]).toEqual([[], false, 0, true]);
  });
});

describe('an older state of side b', () => {
  const newer = { ...FEW, a: 'newer' };
  /** As before `a` was made. */
  const { a: _, ...LACKING } = newer as Record<string, string>;
  const come = (epoch: number | null, files: Files, more: Partial<Introduction> = {}) => {
    pair.loseB();
    pair.meet(OWN, { ...B, epoch, ...more });
    whole('b', files);
  };
  beforeEach(() => {
    inStep(newer);
    pair.meta.put('epoch', 7);
  });

  it.each([
    [6, FEW, 'rolled-back'],
    [0, FEW, 'rolled-back'],
    [7, FEW, null],
    [8, FEW, null],
    [null, FEW, null],
    [6, newer, null],
    [6, { ...newer, a: file('newer', { mtime: 3 }) }, null],
    [6, { ...newer, x: 'made then' }, 'rolled-back'],
    [6, LACKING, 'rolled-back'],
    [7, LACKING, null],
  ])('epoch %s of 7, %j: %s', (epoch, files, code) => {
    come(epoch, files as Files);
    expect(codes()).toEqual(code === null ? [] : [code]);
    expect([pair.safety.blocks, pair.safety.trusts('b')]).toEqual([code !== null, code === null]);
    expect(shared()).toBe(6);
  });

  it('halts until it is confirmed, and is followed then', () => {
    come(6, FEW);
    start();
    pair.meet(OWN, { ...B, epoch: 6 });
    whole('a', newer);
    whole('b', FEW);
    expect(codes()).toEqual(['rolled-back']);
    pair.safety.confirm({ acceptDeletes: true });
    expect(codes()).toEqual(['rolled-back']);
    pair.safety.confirm({ acceptRollback: true });
    expect([codes(), pair.safety.blocks, shared(), pair.firstContact]).toEqual([[], false, 6, false]);
    start();
    pair.meet(OWN, { ...B, epoch: 6 });
    whole('a', newer);
    whole('b', FEW);
    expect(codes()).toEqual([]);
  });

  it('halts also when its additions are gone, and its losses count once it is followed', () => {
    come(6, { ...LACKING, x: 'made then' });
    scan('b', { x: null });
    expect(codes()).toEqual(['rolled-back']);
    pair.safety.confirm({ acceptRollback: true });
    expect(codes()).toEqual([]);
    scan('b', { b: 'edited now' });
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('is a new partner if that is confirmed', () => {
    come(6, FEW);
    pair.safety.confirm({ newPartner: true });
    expect([codes(), shared(), pair.firstContact, pair.meta.get('epoch')]).toEqual([[], 0, true, 6]);
  });

  it('is noticed later where its files were not settled', () => {
    pair.loseB();
    pair.meet(OWN, { ...B, epoch: 6 });
    whole('b', newer, { unsettled: 1 });
    expect(codes()).toEqual([]);
    scan('b', { a: '1' });
    expect(codes()).toEqual(['rolled-back']);
  });

  it('is forgotten once its files are as shared', () => {
    come(6, newer);
    scan('b', { a: 'edited now' });
    expect(codes()).toEqual([]);
  });

  it('may be a copy that replaced it', () => {
    come(6, FEW, { root: 'copy', former: ['root-b'] });
    expect([codes(), shared()]).toEqual([['rolled-back'], 6]);
    pair.safety.confirm({ acceptRollback: true });
    expect([codes(), shared(), pair.firstContact]).toEqual([[], 6, false]);
  });

  it('is a first contact where the copy is up to date', () => {
    come(7, newer, { root: 'copy', former: ['root-b'] });
    expect([codes(), pair.firstContact]).toEqual([[], true]);
  });

  it('is not a root without its state directory', () => {
    come(0, FEW, { root: 'anew', former: ['root-b'] });
    expect([codes(), pair.firstContact]).toEqual([[], true]);
  });
});

describe('a loss in an older state', () => {
  it('is asked about before the age', () => {
    inStep({ ...many(300), a: 'newer' });
    pair.meta.put('epoch', 7);
    pair.loseB();
    pair.meet(OWN, { ...B, epoch: 6 });
    whole('b', { ...many(100), a: 'older' });
    expect(codes()).toEqual(['mass-deletion']);
    pair.safety.confirm({ acceptDeletes: true });
    expect(codes()).toEqual(['rolled-back']);
    expect(pair.halts[0]!.message).toMatch(/ 1 path would change/);
    pair.safety.confirm({ acceptRollback: true });
    expect(codes()).toEqual([]);
  });

  it('is asked about also where the age was found first, and following that accepts no loss', () => {
    inStep({ ...many(300), a: 'newer' });
    pair.meta.put('epoch', 7);
    pair.loseB();
    pair.meet(OWN, { ...B, epoch: 6 });
    whole('b', { ...many(300), a: 'older' });
    expect(codes()).toEqual(['rolled-back']);
    scan('b', gone(many(200)));
    pair.safety.confirm({ acceptRollback: true });
    scan('b', { b: 'edited now' });
    expect([codes(), pair.safety.blocks]).toEqual([['mass-deletion'], true]);
  });
});

describe('a mount point of side a without its disk', () => {
  const known: RootDescription = { root: 'former-a', dir: '/a', device: '7', machine: 'here' };
  const none = { root: 'new-a', dir: '/a', device: '1', machine: 'here' };

  it.each<[string, Partial<RootDescription>, Files, string | null]>([
    ['empty', {}, {}, 'root-unmounted'],
    ['with a few of the files', {}, { a: '1', x: '2' }, 'root-unmounted'],
    ['with half of the files', {}, { a: '1', b: '2', c: '3' }, null],
    ['on the same device', { device: '1' }, {}, null],
    ['at another path', { dir: '/b' }, {}, null],
    ['on another machine', { machine: 'there' }, {}, null],
    ['with the id that is remembered', { root: 'new-a' }, {}, null],
  ])('%s', (_, more, files, code) => {
    pair.meet(none, { ...B, partner: { ...known, ...more } });
    whole('b', FEW);
    whole('a', files);
    expect(codes()).toEqual(code === null ? [] : [code]);
    expect(pair.safety.blocks).toBe(code !== null);
  });

  it.each<[string, Files, Files, Partial<ScanResult>, string | null]>([
    ['nothing', {}, {}, { unknown: ['d' as RelPath] }, 'root-unmounted'],
    ['half of its files', { a: '1' }, { a: '1' }, { unknown: ['d' as RelPath] }, null],
    ['less', { a: '1' }, { a: '1' }, { unknown: ['d' as RelPath, 'e' as RelPath] }, 'root-unmounted'],
  ])('empty, where side b can tell of %s', (_, a, b, more, code) => {
    pair.meet(none, { ...B, partner: known });
    whole('b', b, more);
    whole('a', a);
    expect(codes()).toEqual(code === null ? [] : [code]);
    expect(pair.safety.blocks).toBe(code !== null);
  });

  it('waits for what is in motion on side b, and is what that says then', () => {
    pair.meet(none, { ...B, partner: known });
    whole('a', {});
    whole('b', {}, { unknown: ['d' as RelPath], unsettled: 1 });
    expect([codes(), pair.safety.blocks, pair.safety.isSettling]).toEqual([[], true, true]);
    scan('b', {});
    expect([codes(), pair.safety.blocks]).toEqual([[], false]);
  });

  it('waits for what is in motion on side b where side a has half of the rest', () => {
    pair.meet(none, { ...B, partner: known });
    whole('a', { a: '1' });
    whole('b', { a: '1', b: '2' }, { unknown: ['d' as RelPath, 'e' as RelPath], unsettled: 2 });
    expect([codes(), pair.safety.blocks, pair.safety.isSettling]).toEqual([[], true, true]);
    scan('b', { d: '3', e: '4' });
    expect([codes(), pair.safety.isSettling]).toEqual([['root-unmounted'], false]);
  });

  it('is filled once that is confirmed', () => {
    pair.meet(none, { ...B, partner: known });
    whole('a', {});
    whole('b', FEW);
    pair.safety.confirm({ newPartner: true });
    expect([codes(), pair.safety.blocks, pair.firstContact]).toEqual([[], false, true]);
    start();
    pair.meet(none, { ...B, partner: known });
    whole('a', {});
    whole('b', FEW);
    expect(codes()).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { parsePath, pathFault, type RelPath } from '../../../src/core/path.js';
import type * as replica from '../../../src/replica.js';
import type { Applied, Content, ScanResult } from '../../../src/replica.js';
import { encodeList, relPath } from '../../../src/wire/peer-api/list.js';
import * as peer from '../../../src/wire/peer-api/messages.js';
import { ScanReportReader, scanReportParts, scanReportResult } from '../../../src/wire/peer-api/scan-report.js';
import { sized } from '../../support/sizes.js';

const p = (text: string) => parsePath(text);
const file: FileEntry = { type: 'file', size: 5, mtime: -1, mode: 0o644, hash: 'ab'.repeat(32) };
const link: Entry = { type: 'symlink', target: '../ä', mtime: 7 };
const dir: Entry = { type: 'dir', mode: 0o755 };

const CHANGES: readonly Change[] = [
  { path: p('a'), action: 'created', before: null, after: file },
  { path: p('b'), action: 'modified', before: dir, after: link, conflictCopy: p('b (conflict B 2026-11-21 14-03-22)') },
  { path: p('c'), action: 'deleted', before: file, after: null },
  { path: p('d'), action: 'renamed', before: null, after: file, from: { path: p('ü/e'), entry: file } },
  { path: p('f'), action: 'metadata', before: dir, after: dir },
];

const APPLIED: readonly Applied[] = [
  { n: 0, outcome: { kind: 'done', sent: 10 } },
  { n: 1, outcome: { kind: 'stale' } },
  { n: 2, outcome: { kind: 'kept' } },
  { n: 3, outcome: { kind: 'problem', code: 'no-space', message: 'full' } },
];

const only = (batches: Iterable<{ payload: Buffer }>): Buffer => {
  const [batch, ...more] = batches;
  expect(more).toEqual([]);
  return batch!.payload;
};
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('lists', () => {
  it('are parsed as they were encoded', () => {
    expect(peer.parseChanges(only(peer.encodeChanges(CHANGES)))).toEqual(CHANGES);
    expect(peer.parseApplied(only(peer.encodeApplied(APPLIED)))).toEqual(APPLIED);
    expect(peer.parseWanted(only(peer.encodeWanted([{ path: p('a'), file }])))).toEqual([{ path: 'a', file }]);
    expect(peer.parsePaths(only(peer.encodePaths([p('a'), p('b/c')])))).toEqual(['a', 'b/c']);
  });

  it('are written as plain JSON', () => {
    expect(only(peer.encodeApplied(APPLIED.slice(0, 2))).toString()).toBe(
      '[{"n":0,"outcome":{"kind":"done","sent":10}},{"n":1,"outcome":{"kind":"stale"}}]',
    );
  });

  it('are split at 256 KiB and keep their order and number', () => {
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'ä'.repeat(n % 50) }));
    const batches = [...encodeList(items)];
    expect(batches.length).toBeGreaterThan(2);
    expect(Math.max(...batches.map(({ payload }) => payload.length))).toBeLessThanOrEqual(256 * 1024);
    expect(batches.flatMap(({ payload }) => JSON.parse(payload.toString()))).toEqual(items);
    expect(batches.map(({ count }) => count)).toEqual(
      batches.map(({ payload }) => JSON.parse(payload.toString()).length),
    );
    expect([...encodeList([])]).toEqual([]);
  });

  const change = { path: 'a', action: 'created', before: null, after: file };
  const BAD: readonly (readonly [string, (payload: Buffer | null) => unknown, Buffer | null])[] = [
    ['no payload', peer.parseChanges, null],
    ['no JSON', peer.parseChanges, Buffer.from('[')],
    ['bad UTF-8', peer.parsePaths, Buffer.from('["\xff"]', 'latin1')],
    ['an object', peer.parseChanges, json({})],
    ['deep arrays', peer.parseChanges, Buffer.from(`${'['.repeat(9)}${']'.repeat(9)}`)],
    ['over 1 MiB', peer.parseChanges, Buffer.alloc(2 ** 20 + 1, ' ')],
    ['null', peer.parseChanges, json([null])],
    ['a path that leaves', peer.parseChanges, json([{ ...change, path: '../a' }])],
    ['a path that leaves by backslash', peer.parsePaths, json(['a\\..\\b'])],
    ['our own directory', peer.parsePaths, json(['.lockstep/db'])],
    ['a path that is a number', peer.parsePaths, json([1])],
    ['an unknown action', peer.parseChanges, json([{ ...change, action: 'toString' }])],
    ['a deletion that leaves something', peer.parseChanges, json([{ ...change, action: 'deleted' }])],
    ['a creation of nothing', peer.parseChanges, json([{ ...change, after: null }])],
    ['a missing entry', peer.parseChanges, json([{ ...change, before: undefined }])],
    ['a rename from nowhere', peer.parseChanges, json([{ ...change, action: 'renamed' }])],
    ['a creation from somewhere', peer.parseChanges, json([{ ...change, from: { path: 'b', entry: file } }])],
    ['a copy out of the root', peer.parseChanges, json([{ ...change, keepAs: '/b' }])],
    ['a foreign type', peer.parseChanges, json([{ ...change, after: { type: 'socket' } }])],
    ['a negative size', peer.parseChanges, json([{ ...change, after: { ...file, size: -1 } }])],
    ['a fractional time', peer.parseChanges, json([{ ...change, after: { ...file, mtime: 0.5 } }])],
    ['a setuid mode', peer.parseChanges, json([{ ...change, after: { ...file, mode: 0o4755 } }])],
    ['a short hash', peer.parseChanges, json([{ ...change, after: { ...file, hash: 'ab' } }])],
    ['a hash in capitals', peer.parseChanges, json([{ ...change, after: { ...file, hash: 'AB'.repeat(32) } }])],
    ['a long target', peer.parseChanges, json([{ ...change, after: { ...link, target: 'x'.repeat(4096) } }])],
    ['a wanted directory', peer.parseWanted, json([{ path: 'a', file: dir }])],
    ['a negative number', peer.parseApplied, json([{ n: -1, outcome: { kind: 'stale' } }])],
    ['an unknown outcome', peer.parseApplied, json([{ n: 1, outcome: { kind: 'maybe' } }])],
    ['an unknown problem', peer.parseApplied, json([{ n: 1, outcome: { kind: 'problem', code: 'x', message: '' } }])],
  ];

  it.each(BAD)('with %s are refused', (_, parse, payload) => {
    expect(() => parse(payload)).toThrow(expect.objectContaining({ code: 'bad-message' }));
  });

  it('drop unknown fields', () => {
    const [parsed] = peer.parseChanges(
      Buffer.from(`[{"__proto__":{"x":1},"more":1,${JSON.stringify(change).slice(1)}]`),
    );
    expect(parsed).toStrictEqual(change);
  });

  it('accept exactly the paths that core accepts', () => {
    const name = fc.constantFrom(
      '.',
      '..',
      '.lockstep',
      '',
      'a',
      'a b',
      '...',
      '.b',
      '-',
      'ä',
      'a\\b',
      '\0',
      'x'.repeat(256),
    );
    const path = fc.oneof(
      fc.array(name, { maxLength: 4 }).map((names) => names.join('/')),
      fc.string(),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(path, (text) => {
        let taken = true;
        try {
          relPath(text);
        } catch {
          taken = false;
        }
        expect(taken).toBe(pathFault(text) === null);
      }),
      { numRuns: sized(70, 20_000) },
    );
  });
});

describe('content', () => {
  it.each<Content>([
    { n: 0, data: Buffer.from('abc'), last: false },
    { n: 7, data: Buffer.alloc(0), last: true },
    { n: 1, failed: { kind: 'stale' } },
    { n: 1, failed: { kind: 'problem', code: 'unreadable', message: 'no' } },
  ])('%j comes back as it was', (content) => {
    const { method, params, payload } = peer.encodeContent(content);
    expect(peer.parseContent(method, { ...params, id: 3 }, payload ?? null)).toEqual(content);
  });

  it.each([
    { n: 0, sizes: [3], joined: Buffer.from('abc') },
    { n: 7, sizes: [0, 2, 1, 0], joined: Buffer.from('abc') },
    { n: 0, sizes: [0], joined: Buffer.alloc(0) },
  ])('%j comes back as it was', (contents) => {
    const { method, params, payload } = peer.encodeContent(contents);
    expect(method).toBe('contents');
    const back = { ...params, id: 3 };
    expect(peer.parseContents(method, back, payload ?? null)).toEqual(contents);
    // Who has asked for one content only gets no others.
    expect(() => peer.parseContent(method, back, payload ?? null)).toThrow('joined');
  });

  it.each([
    ['no sizes', { n: 0 }, Buffer.alloc(3)],
    ['sizes of none', { n: 0, sizes: [] }, Buffer.alloc(0)],
    ['sizes that are none', { n: 0, sizes: { 0: 3 } }, Buffer.alloc(3)],
    ['sizes of less', { n: 0, sizes: [1, 1] }, Buffer.alloc(3)],
    ['sizes of more', { n: 0, sizes: [2, 2] }, Buffer.alloc(3)],
    ['sizes below nothing', { n: 0, sizes: [4, -1] }, Buffer.alloc(3)],
    ['sizes that are not whole', { n: 0, sizes: [1.5, 1.5] }, Buffer.alloc(3)],
    ['sizes that are text', { n: 0, sizes: ['3'] }, Buffer.alloc(3)],
    ['too many sizes', { n: 0, sizes: Array.from({ length: 1_001 }, () => 0) }, Buffer.alloc(0)],
    ['no payload', { n: 0, sizes: [0] }, null],
    ['a number below nothing', { n: -1, sizes: [3] }, Buffer.alloc(3)],
  ])('joined with %s are refused', (_, params, payload) => {
    expect(() => peer.parseContents('contents', params, payload)).toThrow(
      expect.objectContaining({ code: 'bad-message' }),
    );
  });

  it.each([
    ['content', { n: 0, last: true }, null],
    ['content', { n: 0 }, Buffer.alloc(1)],
    ['content', { n: -1, last: true }, Buffer.alloc(1)],
    ['failed', { n: 0, failed: { kind: 'done', sent: 1 } }, null],
    ['failed', { n: 0 }, null],
    ['other', { n: 0, last: true }, Buffer.alloc(1)],
    ['content', null, Buffer.alloc(1)],
  ])('%s %j is refused', (method, params, payload) => {
    expect(() => peer.parseContent(method, params, payload)).toThrow(expect.objectContaining({ code: 'bad-message' }));
  });
});

describe('a scan', () => {
  const scan: ScanResult = {
    entries: [
      { path: p('a'), entry: dir },
      { path: p('a/b'), entry: file },
      { path: p('c'), entry: null },
    ],
    whole: true,
    unknown: [p('d')],
    damaged: [p('f')],
    problems: [{ path: 'bad\\ufffdname', code: 'bad-name', message: 'It is not UTF-8.' }],
    rules: ['*.tmp', '!keep.tmp'],
    unsettled: 2,
    moving: [p('d'), p('a/b')],
    arriving: [{ path: p('a/b'), size: 1_000 }],
    halt: { code: 'root-emptied', message: 'gone' },
  };
  const read = (parts: Iterable<{ method: string; payload: Buffer }>, result: unknown) => {
    const reader = new ScanReportReader();
    for (const { method, payload } of parts) reader.take(method, payload);
    return reader.finish(JSON.parse(JSON.stringify(result)));
  };

  it('is parsed as it was encoded, and is a ScanResult', () => {
    const back: replica.ScanResult = read(scanReportParts(scan), scanReportResult(scan));
    expect(back).toEqual(scan);
    const empty = {
      ...scan,
      entries: [],
      unknown: [],
      damaged: [],
      problems: [],
      rules: [],
      moving: [],
      arriving: [],
      halt: null,
    };
    expect(read(scanReportParts(empty), scanReportResult(empty))).toEqual(empty);
  });

  it('without one of its parts is refused', () => {
    const parts = [...scanReportParts(scan)];
    for (const missing of parts) {
      const some = parts.filter((part) => part !== missing);
      expect(() => read(some, scanReportResult(scan))).toThrow(expect.objectContaining({ code: 'bad-message' }));
    }
  });

  it.each([
    [{ whole: 1 }],
    [{ unsettled: -1 }],
    [{ halt: { code: 'toString', message: '' } }],
    [{ halt: undefined }],
    [{ items: undefined }],
  ])('with %j is refused', (wrong) => {
    expect(() => read(scanReportParts(scan), { ...scanReportResult(scan), ...wrong })).toThrow(
      expect.objectContaining({ code: 'bad-message' }),
    );
  });

  it('with an unknown part is refused', () => {
    expect(() => new ScanReportReader().take('constructor', json([]))).toThrow(
      expect.objectContaining({ code: 'bad-message' }),
    );
  });

  it('of 100,000 entries is parsed in time', () => {
    const entries = Array.from({ length: 100_000 }, (_, n) => ({
      path: `dir ${n % 99}/file-${n}.txt` as RelPath,
      entry: { ...file, size: n },
    }));
    const large = { ...scan, entries };
    expect(read(scanReportParts(large), scanReportResult(large)).entries).toEqual(entries);
  });
});

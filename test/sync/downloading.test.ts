// Which side a download comes from, and what becomes of it when that side's file is replaced before it is open.
import { expect, test } from 'vitest';
import type { Entry, FileEntry } from '../../src/core/entry.js';
import { LockTable } from '../../src/core/lock-table.js';
import type { RelPath, Side } from '../../src/core/path.js';
import { Snapshot } from '../../src/core/snapshot.js';
import { download } from '../../src/sync/downloading.js';
import { Pair } from '../../src/sync/pair.js';
import type { Content } from '../../src/sync/replica.js';
import { file } from '../support/disk-site.js';

const F = 'f' as RelPath;
const at = (text: string, mtime: number): FileEntry => ({ ...(file(text) as FileEntry), mtime });

/** Downloads `f` of a pair that knows these; side b then really has `inB`. @returns what was announced, and what came. */
async function read(
  known: { a: Entry | null; b: Entry; shared: Entry | null; lock?: Side },
  inA: FileEntry & { text?: string },
  inB: Content,
  afterwards: (pair: Pair) => void = () => {},
) {
  const archive = new Snapshot();
  archive.put(F, known.shared);
  const pair = new Pair(archive, { put: () => {} } as never);
  pair.a.snapshot = new Snapshot();
  pair.b.snapshot = new Snapshot();
  pair.a.snapshot.put(F, known.a);
  pair.b.snapshot.put(F, known.b);
  const table = new LockTable();
  if (known.lock !== undefined) {
    const value = { path: F, owner: 'ann', side: known.lock, since: 0, expires: null, message: '', token: 1 };
    table.record([{ table: 'lock', key: F, value }]);
  }
  const said: string[] = [];
  const around = {
    pair,
    book: { table },
    local: {
      open: async () =>
        pair.entry('a', F) && {
          file: inA,
          close: () => {},
          pieces: async function* () {
            yield { data: Buffer.from('from a') };
          },
        },
    },
    replica: () => ({
      read: async function* () {
        afterwards(pair);
        yield inB;
      },
    }),
  };
  const call = {
    signal: new AbortController().signal,
    connection: { closed: new Promise(() => {}) },
    notify: async (method: string, params: { hash?: string }, data?: Buffer, sent?: () => void) => {
      said.push(data?.toString() ?? `${method} ${params.hash === inA.hash ? 'a' : 'b'}`);
      sent?.();
    },
  };
  await download(around as never, F, {}, call as never).catch((error: { code: string }) => said.push(error.code));
  return said;
}

const piece = (text: string): Content => ({ n: 0, data: Buffer.from(text), last: true });

test('what is being replaced on side b is not the newest, whatever its time says', async () => {
  const [newest, former] = [at('from a', 1), at('from b', 2)];
  expect(await read({ a: newest, b: former, shared: former }, newest, piece('from b'))).toEqual(['file a', 'from a']);
});

test('what side b has changed itself comes from there', async () => {
  const [former, newest] = [at('from a', 1), at('from b', 2)];
  expect(await read({ a: former, b: newest, shared: former }, former, piece('from b'))).toEqual(['file b', 'from b']);
});

test('replaced on side b before it is open there, it comes from side a, unless the holder is on side b', async () => {
  const [a, b] = [at('from a', 1), at('from b', 2)];
  const stale: Content = { n: 0, failed: { kind: 'stale' } };
  for (const inB of [stale, piece('other!')]) {
    expect(await read({ a, b, shared: null }, a, inB)).toEqual(['file a', 'from a']);
    expect(await read({ a, b, shared: null, lock: 'b' }, a, inB)).toEqual(['busy']);
  }
});

const stale: Content = { n: 0, failed: { kind: 'stale' } };

test('what was removed from side b before it was open is not there', async () => {
  const former = at('from b', 1);
  const removed = (pair: Pair) => pair.b.snapshot!.put(F, null);
  expect(await read({ a: null, b: former, shared: null }, former, stale, removed)).toEqual(['not-found']);
});

test('what has come to side a meanwhile is read there', async () => {
  const [newest, former] = [at('from a', 2), at('from b', 1)];
  const came = (pair: Pair) => pair.a.snapshot!.put(F, newest);
  expect(await read({ a: null, b: former, shared: null }, newest, stale, came)).toEqual(['file a', 'from a']);
});

test('what changes there again and again is refused in the end', async () => {
  const former = at('from b', 1);
  expect(await read({ a: null, b: former, shared: null }, former, stale)).toEqual(['busy']);
});

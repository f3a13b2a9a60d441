// The side that a download reads from, and what happens when the file there is replaced before it is open.
import { describe, expect, test } from 'vitest';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import { IgnoreRules } from '../../../src/disk/scan/ignore-rules.js';
import type { Content } from '../../../src/replica.js';
import { download } from '../../../src/sync/files/download.js';
import { Pair } from '../../../src/sync/pair/pair.js';
import { file, turn } from '../../support/disk-site.js';

const F = 'f' as RelPath;
const at = (text: string, mtime: number): FileEntry => ({ ...(file(text) as FileEntry), mtime });

/** The earlier versions: each is named by what was asked for. */
const VERSIONS = {
  open: async (path: string, wanted: object) => ({
    file: at('earlier', 1),
    close: () => {},
    pieces: async function* () {
      yield { data: Buffer.from(`${path} ${JSON.stringify(wanted)}`) };
    },
  }),
};

/** Downloads `f` of a pair that knows these; side b then really has `inB`. @returns what was announced, and what came. */
async function read(
  known: { a: Entry | null; b: Entry; shared: Entry | null; lock?: Side },
  inA: FileEntry & { text?: string },
  inB: Content,
  afterwards: (pair: Pair) => void = () => {},
  which: object = {},
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
  const context = {
    pair,
    lockState: { table },
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
  await download(context as never, F, which, call as never, VERSIONS as never).catch((error: { code: string }) =>
    said.push(error.code),
  );
  return said;
}

const piece = (text: string): Content => ({ n: 0, data: Buffer.from(text), last: true });

test('a file of side b that is about to be replaced is not the newest, whatever its time is', async () => {
  const [newest, former] = [at('from a', 1), at('from b', 2)];
  expect(await read({ a: newest, b: former, shared: former }, newest, piece('from b'))).toEqual(['file a', 'from a']);
});

test('a file that side b has changed is read there', async () => {
  const [former, newest] = [at('from a', 1), at('from b', 2)];
  expect(await read({ a: former, b: newest, shared: former }, former, piece('from b'))).toEqual(['file b', 'from b']);
});

test.each(['', 'x', 'xy'])('a file of side b is read there to its last byte: %j', async (text) => {
  const known = { a: at('from a', 1), b: at(text, 2), shared: at('from a', 1) };
  expect((await read(known, at('from a', 1), piece(text))).slice(1).join('')).toBe(text);
});

test('a file replaced on side b before it is open is read from side a, unless side b has the lock', async () => {
  const [a, b] = [at('from a', 1), at('from b', 2)];
  const stale: Content = { n: 0, failed: { kind: 'stale' } };
  for (const inB of [stale, piece('other!')]) {
    expect(await read({ a, b, shared: null }, a, inB)).toEqual(['file a', 'from a']);
    expect(await read({ a, b, shared: null, lock: 'b' }, a, inB)).toEqual(['busy']);
  }
});

describe('what is asked for', () => {
  const [a, b] = [at('from a', 2), at('from b', 1)];
  const from = (which: object, known: { a: Entry | null; b: Entry } = { a, b }) =>
    read({ ...known, shared: null }, a, piece('from b'), undefined, which);

  test.each<[object, string[]]>([
    [{ side: 'a' }, ['file a', 'from a']],
    [{ side: 'b' }, ['file b', 'from b']],
    [{ at: 2 }, ['file b', 'f {"at":2}']],
    [{ side: 'b', where: 'w' }, ['file b', 'f {"side":"b","where":"w"}']],
  ])('%j', async (which, said) => {
    expect(await from(which)).toEqual(said);
  });

  test('is not found on a side that does not have it', async () => {
    expect(await from({ side: 'a' }, { a: null, b })).toEqual(['not-found']);
    expect(await from({ side: 'b' }, { a, b: { type: 'dir', mode: 0o755 } as never })).toEqual(['usage']);
  });
});

const stale: Content = { n: 0, failed: { kind: 'stale' } };

test('a file removed from side b before it is open is not found', async () => {
  const former = at('from b', 1);
  const removed = (pair: Pair) => pair.b.snapshot!.put(F, null);
  expect(await read({ a: null, b: former, shared: null }, former, stale, removed)).toEqual(['not-found']);
});

test('a file that has arrived on side a meanwhile is read there', async () => {
  const [newest, former] = [at('from a', 2), at('from b', 1)];
  const came = (pair: Pair) => pair.a.snapshot!.put(F, newest);
  expect(await read({ a: null, b: former, shared: null }, newest, stale, came)).toEqual(['file a', 'from a']);
});

test('a file that arrives a moment later is waited for', async () => {
  const [newest, former] = [at('from a', 2), at('from b', 1)];
  let isComing = false;
  const comes = (pair: Pair) => {
    // Time is the input here: how long the other side takes to say that it has changed.
    if (!isComing) setTimeout(() => pair.a.snapshot!.put(F, newest), 25);
    isComing = true;
  };
  expect(await read({ a: null, b: former, shared: null }, newest, stale, comes)).toEqual(['file a', 'from a']);
});

test('a file that keeps changing is refused in the end', async () => {
  const former = at('from b', 1);
  expect(await read({ a: null, b: former, shared: null }, former, stale)).toEqual(['busy']);
});

/** Where downloads of `f` stand, with everything that matters to be set. */
async function open({
  a = null,
  b = null,
  shared = null,
  isAway = false,
  pieces = ['abc', 'def'],
  inB = pieces.map((text, n): Content => ({ n: 0, data: Buffer.from(text), last: n === pieces.length - 1 })),
  params = {},
  rules = [],
  reads = true,
}: {
  a?: Entry | null;
  b?: Entry | null;
  shared?: Entry | null;
  isAway?: boolean;
  pieces?: readonly string[];
  inB?: readonly Content[];
  params?: object;
  rules?: readonly string[];
  reads?: boolean;
}) {
  const pair = new Pair(new Snapshot(), { put: () => {} } as never);
  pair.a.snapshot = new Snapshot();
  pair.b.snapshot = new Snapshot();
  pair.archive.put(F, shared);
  pair.a.snapshot.put(F, a);
  pair.b.snapshot.put(F, b);
  if (rules.length > 0) pair.a.rules = new IgnoreRules(rules);
  const seen = {
    closed: 0,
    from: [] as number[],
    wanted: [] as object[],
    told: [] as object[],
    text: '',
    released: 0,
    ended: 0,
  };
  const waiting: (() => void)[] = [];
  const context = {
    pair,
    lockState: { table: new LockTable() },
    local: {
      open: async () =>
        a?.type !== 'file'
          ? null
          : {
              file: a,
              close: () => void seen.closed++,
              pieces: async function* (from: number) {
                seen.from.push(from);
                for (const text of pieces) yield { data: Buffer.from(text), release: () => void seen.released++ };
              },
            },
    },
    replica: () =>
      isAway
        ? null
        : {
            read: async function* (wanted: readonly object[]) {
              seen.wanted.push(...wanted);
              try {
                yield* inB;
              } finally {
                seen.ended++;
              }
            },
          },
  };
  const signal = new AbortController();
  let hangUp: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    hangUp = resolve;
  });
  const call = {
    signal: signal.signal,
    connection: { closed },
    notify: async (method: string, more: object, data?: Buffer, sent: () => void = () => {}) => {
      if (data === undefined) seen.told.push({ method, ...more });
      else seen.text += data.toString();
      if (reads) sent();
      else waiting.push(sent);
    },
  };
  const answer = download(context as never, F, params as never, call as never, VERSIONS as never).catch(
    (error: SyncError) => error,
  );
  return { answer, seen, waiting, signal, hangUp };
}

const HASH = at('abcdef', 1).hash;

describe('a download', () => {
  test('is announced, sent whole, and closed', async () => {
    const { answer, seen } = await open({ a: { ...at('abcdef', 1_500_000), mode: 0o640 } });
    expect(await answer).toEqual({ path: 'f', size: 6, hash: HASH });
    expect(seen).toMatchObject({ text: 'abcdef', closed: 1, from: [0], released: 2 });
    expect(seen.told).toEqual([
      { method: 'file', path: 'f', size: 6, mtime: '1970-01-01T00:00:01.500Z', mode: 0o640, hash: HASH, from: 0 },
    ]);
  });

  test.each<[it: string, params: object, from: number]>([
    ['resumes where it was interrupted', { from: 4, hash: HASH }, 4],
    ['that has all there is gets the rest', { from: 6, hash: HASH }, 6],
    ['of another content starts again', { from: 4, hash: at('other', 1).hash }, 0],
    ['of more than there is starts again', { from: 7, hash: HASH }, 0],
    ['without a hash starts again', { from: 4 }, 0],
  ])('%s', async (_, params, from) => {
    const { answer, seen } = await open({ a: at('abcdef', 1), params });
    await answer;
    expect([seen.from, seen.told]).toEqual([[from], [expect.objectContaining({ from })]]);
  });

  test('from side b resumes, too', async () => {
    const rest: Content[] = [
      { n: 0, have: 4, last: false },
      { n: 0, data: Buffer.from('ef'), last: true },
    ];
    const { answer, seen } = await open({ b: at('abcdef', 1), inB: rest, params: { from: 4, hash: HASH } });
    expect(await answer).toMatchObject({ size: 6 });
    expect([seen.text, seen.wanted, seen.ended]).toEqual([
      'ef',
      [{ path: 'f', file: at('abcdef', 1), offer: { have: 4, base: null } }],
      1,
    ]);
    const whole = await open({ b: at('abcdef', 1) });
    await whole.answer;
    expect([whole.seen.text, whole.seen.wanted]).toEqual(['abcdef', [{ path: 'f', file: at('abcdef', 1) }]]);
  });

  test('from side b that ends too early, or has another content, is refused', async () => {
    for (const pieces of [['abc'], ['abc', 'defg']]) {
      const { answer, seen } = await open({ b: at('abcdef', 1), pieces });
      expect([((await answer) as SyncError).code, seen.told.length]).toEqual(['busy', expect.any(Number)]);
      expect(seen.text).toBe(pieces.length === 1 ? '' : 'abc');
    }
    const odd = await open({ b: at('abcdef', 1), inB: [{ n: 0, data: Buffer.from('uvwxyz'), last: true }] });
    expect([((await odd.answer) as SyncError).code, odd.seen.text]).toEqual(['busy', '']);
    // Whatever was begun on side b has ended there.
    expect(odd.seen.ended).toBe(odd.seen.wanted.length);
  });

  test('of an empty file is an announcement without content', async () => {
    const { answer, seen } = await open({ b: at('', 1), inB: [{ n: 0, data: Buffer.alloc(0), last: true }] });
    expect(await answer).toMatchObject({ size: 0 });
    expect(seen.text).toBe('');
  });

  test('is no more than three pieces ahead of its reader', async () => {
    const { answer, seen, waiting } = await open({
      a: at('abcdef', 1),
      pieces: ['a', 'b', 'c', 'd', 'e'],
      reads: false,
    });
    await turn();
    expect([seen.text, seen.released]).toEqual(['abc', 0]);
    // The first is the announcement.
    waiting[1]!();
    await turn();
    expect([seen.text, seen.released]).toEqual(['abcd', 1]);
    for (const sent of waiting.slice(2)) sent();
    await turn();
    expect(seen.text).toBe('abcde');
    for (const sent of waiting.slice(5)) sent();
    expect(await answer).toMatchObject({ path: 'f' });
  });

  test('sends no content before its announcement', async () => {
    const { seen, waiting, hangUp } = await open({ a: at('abcdef', 1), reads: false });
    await turn();
    expect(waiting.length).toBeGreaterThan(0);
    expect(seen.told).toHaveLength(1);
    hangUp();
  });

  test('does not wait for a reader that has disconnected', async () => {
    const { answer, seen, hangUp } = await open({
      a: at('abcdef', 1),
      pieces: ['a', 'b', 'c', 'd', 'e'],
      reads: false,
    });
    await turn();
    expect(seen.text).toBe('abc');
    hangUp();
    await answer;
    expect([seen.text, seen.closed]).toEqual(['abcde', 1]);
  });

  test.each([
    ['interrupted', ''],
    ['closed', 'abcdef'],
  ] as const)('that is ended by %s sends %j', async (code, text) => {
    const { answer, seen, signal } = await open({ a: at('abcdef', 1) });
    signal.abort(new SyncError(code, 'No more.'));
    const outcome = await answer;
    expect([seen.text, seen.closed, outcome instanceof SyncError]).toEqual([text, 1, code === 'interrupted']);
  });
});

describe('there is nothing to download', () => {
  const dir: Entry = { type: 'dir', mode: 0o755 };
  const link: Entry = { type: 'symlink', target: 'there', mtime: 1 };
  test.each<[it: string, sides: Parameters<typeof open>[0], code: string, words: RegExp]>([
    ['of nothing', {}, 'not-found', /./],
    ['of a directory on side a', { a: dir }, 'usage', /directory/],
    ['of a directory on side b', { b: dir }, 'usage', /directory/],
    ['of a link on side a', { a: link }, 'failed', /link to "there"/],
    ['of a link on side b', { b: link }, 'failed', /link to "there"/],
    ['of what is ignored', { a: at('x', 1), rules: ['f'] }, 'failed', /left out/],
    ['of what only side b has, while it is disconnected', { b: at('x', 1), isAway: true }, 'failed', /away/],
    ['of what side a has deleted', { b: at('x', 1), shared: at('x', 1), isAway: true }, 'not-found', /./],
  ])('%s', async (_, sides, code, words) => {
    const { answer, seen } = await open(sides);
    expect(await answer).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(seen.told).toEqual([]);
  });

  test('the newer of two files is read where it is: on side b while that is connected', async () => {
    const newer = { a: at('a', 1), b: at('abcdef', 2) };
    expect((await (await open(newer)).answer) as object).toMatchObject({ size: 6 });
    expect((await (await open({ ...newer, isAway: true })).answer) as object).toMatchObject({ size: 1 });
    expect((await (await open({ a: at('a', 2), b: at('abcdef', 2) })).answer) as object).toMatchObject({ size: 1 });
  });
});

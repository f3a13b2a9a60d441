import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readOperations } from '../../../src/disk/state/journal.js';
import { liveBytes } from '../../../src/disk/state/journal-open.js';
import { type Compaction, Store, type Table } from '../../../src/disk/state/store.js';
import { compiled, run } from '../../support/compiled.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';
import { sized } from '../../support/sizes.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const HEADER = 'lockstep-store 2 1\n';
/** Compacts as soon as there is anything to gain. */
const OFTEN: Compaction = { factor: 2, minBytes: 400, slice: 3, pending: 10 };

let directory: string;
let file: string;
beforeEach(() => {
  directory = makeRoot('store');
  file = path.join(directory, 'test.log');
});
afterEach(() => {
  vi.restoreAllMocks();
  removeRoot(directory);
});

/** A table that is a map. */
class MapTable implements Table {
  readonly rows = new Map<string, unknown>();
  load(key: string, value: unknown): void {
    if (value === null) this.rows.delete(key);
    else this.rows.set(key, value);
  }
  all(): Iterable<readonly [string, unknown]> {
    return this.rows;
  }
}

function open(when?: Compaction) {
  const tables = { x: new MapTable(), y: new MapTable() };
  const { store, setAside } = Store.open(file, tables, when === undefined ? {} : { when });
  const put = (table: 'x' | 'y', key: string, value: unknown) => {
    tables[table].load(key, value);
    store.put(table, key, value);
  };
  return { store, setAside, put, x: tables.x.rows, y: tables.y.rows };
}

/** What a restart finds. */
async function found(): Promise<{ x: Record<string, unknown>; y: Record<string, unknown>; setAside: string | null }> {
  const { store, x, y, setAside } = open();
  await store.close();
  return { x: Object.fromEntries(x), y: Object.fromEntries(y), setAside };
}

/** The end of each line, after its newline. */
const lineEnds = (bytes: Buffer): number[] => [...bytes.keys()].filter((at) => bytes[at] === 0x0a).map((at) => at + 1);

const damagedFiles = () => fs.readdirSync(directory).filter((name) => name.includes('.damaged-'));

async function filled(rows: readonly (readonly [string, unknown])[]): Promise<Buffer> {
  const { store, put } = open();
  for (const [key, value] of rows) {
    put('x', key, value);
    await store.durable();
  }
  await store.close();
  return fs.readFileSync(file);
}

describe('a record', () => {
  test.each([
    ['plain', 'a', { n: 1 }],
    ['an empty key', '', 0],
    ['newlines and NULs', 'a\nb\0c', 'd\ne\0f'],
    ['what is no valid Unicode', 'lone \ud800', 'tail \udc00'],
    ['the names of objects', '__proto__', { constructor: 1 }],
    ['an astral name', '👋/é/e\u0301', ['👋']],
    ['false', 'f', false],
    ['a megabyte', 'big', 'm'.repeat(1 << 20)],
  ])('comes back: %s', async (_, key, value) => {
    await filled([[key, value]]);
    expect(new Map(Object.entries((await found()).x))).toEqual(new Map([[key, value]]));
  });

  test('is there after a restart, as one of very many over several turns', async () => {
    const { store, put } = open();
    const keys = Array.from({ length: 20_000 }, (_, n) => `k${n}`);
    for (const [n, key] of keys.entries()) {
      put(n % 2 === 0 ? 'x' : 'y', key, n);
      if (n % 5_000 === 0) await store.durable();
    }
    for (const key of keys.slice(0, 100)) put('x', key, null);
    await store.close();
    const { x, y } = await found();
    expect([Object.keys(x).length, Object.keys(y).length, x.k200, y.k201, x.k0]).toEqual([
      9_950,
      10_000,
      200,
      201,
      undefined,
    ]);
  });

  test('of a whole tree in one turn is there, in lines of limited length, also while the journal is compacted', async () => {
    const { store, put } = open(OFTEN);
    put('x', 'first', 'x'.repeat(2 * OFTEN.minBytes));
    put('x', 'first', 0);
    const rows = sized(60_000, 150_000);
    const rewritten = store.durable(); // begins a compaction, which includes what is put meanwhile
    for (let n = 0; n < rows; n++) put('y', `k${n}`, n);
    await rewritten;
    await store.close();
    const lengths = fs
      .readFileSync(file, 'latin1')
      .split('\n')
      .map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThan(400_000);
    expect(Object.keys((await found()).y)).toHaveLength(rows);
  });

  test('that was put last counts', async () => {
    await filled([
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['b', null],
      ['a', 3],
    ]);
    expect((await found()).x).toEqual({ a: 3 });
  });

  test('of an unknown table is ignored', async () => {
    const { store } = open();
    store.put('gone', 'a', 1);
    store.put('x', 'b', 2);
    await store.close();
    expect(await found()).toEqual({ x: { b: 2 }, y: {}, setAside: null });
  });

  test('is readable only for the owner of the file', async () => {
    await filled([['a', 1]]);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });

  test('after the close is dropped and does not reach a reused descriptor', async () => {
    const { store, put } = open();
    put('x', 'a', 1);
    await store.close();
    store.put('x', 'b', 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await found()).x).toEqual({ a: 1 });
  });
});

describe('durable', () => {
  test('simultaneous calls share one flush, calls during a flush the next one', async () => {
    const { store, put } = open();
    const flushes = vi.spyOn(fs, 'writeSync');
    put('x', 'a', 1);
    const first = [store.durable(), store.durable(), store.durable()];
    await Promise.resolve();
    put('x', 'b', 1);
    await Promise.all(first);
    const later = Array.from({ length: 50 }, (_, n) => {
      put('y', `k${n}`, n);
      return store.durable();
    });
    await Promise.all(later);
    expect(flushes.mock.calls.length).toBeLessThanOrEqual(3);
    await store.close();
    expect(Object.keys((await found()).y)).toHaveLength(50);
  });

  test('each of a thousand calls resolves when its record is on disk', async () => {
    const { store, put } = open();
    const onDisk: string[] = [];
    await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) => {
        for (let turn = 0; turn < n % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
        put('x', `key${n}.`, n);
        await store.durable();
        if (n % 50 === 0 && !fs.readFileSync(file, 'utf8').includes(`"key${n}."`)) onDisk.push(`key${n} is missing`);
      }),
    );
    expect(onDisk).toEqual([]);
    await store.close();
  });

  test('nothing is written any more after a close that failed: the descriptor may be that of another file', async () => {
    const { store, put } = open();
    const write = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    });
    put('x', 'a', 1);
    await expect(store.close()).rejects.toThrow('the disk is full');
    write.mockClear();
    put('x', 'b', 2);
    await store.durable().catch(() => {});
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
  });

  test('a write that fails is reported, and repeated by the next call', async () => {
    const { store, put } = open();
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const write = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw full;
    });
    put('x', 'a', 1);
    await expect(store.durable()).rejects.toThrow(/test\.log cannot be written: the disk is full/);
    put('x', 'b', 2);
    await expect(store.durable()).rejects.toMatchObject({ code: 'failed', cause: full });
    write.mockRestore();
    put('x', 'c', 3);
    await store.durable();
    await store.close();
    expect((await found()).x).toEqual({ a: 1, b: 2, c: 3 });
  });

  test('after a failed flush everything is written again', async () => {
    const { store, put } = open();
    put('x', 'a', 1);
    await store.durable();
    const before = fs.statSync(file).ino;
    vi.spyOn(fs, 'fdatasync').mockImplementation(((_fd: number, done: (error: Error) => void) => {
      done(Object.assign(new Error('the disk reports an error'), { code: 'EIO' }));
    }) as typeof fs.fdatasync);
    put('x', 'b', 2);
    await expect(Promise.all([store.durable(), store.durable()])).rejects.toThrow('the disk reports an error');
    await store.durable();
    expect(fs.statSync(file).ino).not.toBe(before);
    vi.restoreAllMocks();
    put('x', 'c', 3);
    await store.close();
    expect((await found()).x).toEqual({ a: 1, b: 2, c: 3 });
  });

  test('a write that fails midway leaves nothing that is read later', async () => {
    const { store, put } = open();
    put('x', 'a', 1);
    await store.durable();
    const real = fs.writeSync;
    let calls = 0;
    const write = vi.spyOn(fs, 'writeSync').mockImplementation(((
      fd: number,
      data: Buffer,
      at: number,
      length: number,
      position: number,
    ) => {
      if (++calls % 2 === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return real(fd, data, at, Math.ceil(length / 2), position);
    }) as typeof fs.writeSync);
    put('x', 'long', 'l'.repeat(5_000));
    await expect(store.durable()).rejects.toThrow('the disk is full');
    write.mockRestore();
    expect((await found()).x).toEqual({ a: 1 });
    put('x', 'long', 's');
    await store.close();
    expect((await found()).x).toEqual({ a: 1, long: 's' });
  });
});

describe('a damaged journal', () => {
  test('torn at any byte of its last record: everything before is there', async () => {
    const two = await filled([
      ['a', 1],
      ['b', 'two'],
    ]);
    const { length } = two;
    const whole = await filled([['c', { three: [3] }]]);
    expect(whole.subarray(0, length)).toEqual(two);
    for (let cut = length; cut < whole.length; cut++) {
      fs.writeFileSync(file, whole.subarray(0, cut));
      expect(await found(), `cut at ${cut}`).toEqual({ x: { a: 1, b: 'two' }, y: {}, setAside: null });
      expect(fs.readFileSync(file)).toEqual(two);
    }
  });

  test('torn with a tail of zeros, as after a power cut', async () => {
    const whole = await filled([
      ['a', 1],
      ['b', 2],
    ]);
    for (const lost of [1, 5, 17]) {
      fs.writeFileSync(file, Buffer.concat([whole.subarray(0, whole.length - lost), Buffer.alloc(4096)]));
      expect((await found()).x).toEqual({ a: 1 });
    }
  });

  test('in a record that is longer than one read, and in the one after it', async () => {
    const long = 'm'.repeat((1 << 20) + 7);
    const whole = await filled([
      ['a', 1],
      ['long', long],
      ['b', 2],
    ]);
    const [, first, second] = lineEnds(whole);
    for (const [cut, x] of [
      [second! - 1, { a: 1 }],
      [whole.length - 1, { a: 1, long }],
      [whole.length, { a: 1, long, b: 2 }],
    ] as const) {
      fs.writeFileSync(file, whole.subarray(0, cut));
      expect(await found()).toEqual({ x, y: {}, setAside: null });
    }
    whole[first! + (1 << 20)]! ^= 1;
    fs.writeFileSync(file, whole);
    expect(await found()).toEqual({ x: {}, y: {}, setAside: expect.any(String) });
  });

  test('what is put after a torn record is there', async () => {
    const whole = await filled([
      ['a', 1],
      ['b', 2],
    ]);
    fs.writeFileSync(file, whole.subarray(0, whole.length - 3));
    await filled([['c', 3]]);
    expect(await found()).toEqual({ x: { a: 1, c: 3 }, y: {}, setAside: null });
  });

  test('what is put after a torn record that was longer leaves nothing of that', async () => {
    const whole = await filled([
      ['a', 1],
      ['b', 'long '.repeat(200)],
    ]);
    fs.writeFileSync(file, whole.subarray(0, whole.length - 3));
    await filled([['c', 3]]);
    expect(await found()).toEqual({ x: { a: 1, c: 3 }, y: {}, setAside: null });
    expect(fs.statSync(file).size).toBeLessThan(500);
  });

  test('damaged at any byte before the last record: set aside, and a new one begun', async () => {
    const before = await filled([
      ['a', 1],
      ['b', 'two'],
    ]);
    const whole = await filled([['c', 3]]);
    // The newline before the last record is left out: without it, the last two are one torn record.
    for (let at = 0; at < before.length - 1; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x01;
      fs.writeFileSync(file, damaged);
      const { x, setAside } = await found();
      expect(x, `byte ${at}`).toEqual({});
      expect(setAside, `byte ${at}`).not.toBeNull();
      expect(fs.readFileSync(setAside!)).toEqual(damaged);
      fs.rmSync(setAside!);
    }
  });

  test.each([
    ['of another program', 'SQLite format 3\0 and more of it'],
    ['of a later version', 'lockstep-store 3 1\n12345678 [["x","a",1]]\n'],
    ['empty', ''],
    ['of zeros, as after a power cut', '\0'.repeat(64)],
    ['short and foreign', 'hello'],
    ['a line without a checksum', `${HEADER}[["x","a",1]]\n00000000 []\n`],
  ])('%s is set aside', async (_, content) => {
    fs.writeFileSync(file, content);
    const { x, setAside } = await found();
    expect([x, fs.readFileSync(setAside!, 'utf8')]).toEqual([{}, content]);
    await filled([['a', 1]]);
    expect((await found()).x).toEqual({ a: 1 });
    expect(damagedFiles()).toHaveLength(1);
  });

  test.each(Array.from({ length: HEADER.length - 1 }, (_, n) => HEADER.slice(0, n)))(
    'a beginning of %j is none that we ever leave: it is set aside',
    async (content) => {
      fs.writeFileSync(file, content);
      const { x, setAside } = await found();
      expect([x, fs.readFileSync(setAside!, 'utf8')]).toEqual([{}, content]);
      expect(await found()).toEqual({ x: {}, y: {}, setAside: null });
    },
  );

  test('one that cannot be opened is refused with a message', () => {
    fs.mkdirSync(file);
    expect(() => open()).toThrow(/The state file .*test\.log cannot be opened/);
  });
});

describe('compaction', () => {
  test('keeps a journal near the size of its live records', async () => {
    const { store, put } = open(OFTEN);
    // What is put during a compaction is in the new journal: how much that is, is the disk's affair.
    const compacted = async () => {
      while (fs.existsSync(`${file}.new`)) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let n = 0; n < 5_000; n++) {
      put('x', `k${n % 20}`, n);
      if (n % 10 !== 0) continue;
      await store.durable();
      await compacted();
    }
    await store.close();
    expect(fs.statSync(file).size).toBeLessThan(2_000); // uncompacted: 87,000
    const { x } = await found();
    expect([Object.keys(x).length, x.k19, x.k0]).toEqual([20, 4_999, 4_980]);
    expect(fs.readdirSync(directory)).toEqual(['test.log']);
  });

  test('is due after a restart as well, if the journal is much larger than its live records', async () => {
    const first = open({ ...OFTEN, minBytes: 1 << 30 });
    for (let n = 0; n < 200; n++) first.put('x', 'k', `${n} ${'x'.repeat(50)}`);
    await first.store.close();
    const before = fs.statSync(file).size;
    const second = open(OFTEN);
    second.put('x', 'l', 1);
    await second.store.close();
    expect(fs.statSync(file).size).toBeLessThan(before / 10);
    expect(Object.keys((await found()).x)).toEqual(['k', 'l']);
  });

  test('counts the bytes of live records by their share of all', () => {
    const tables = { x: new MapTable(), y: new MapTable() };
    for (const key of ['k', 'l']) tables.x.load(key, 1);
    tables.y.load('k', 1);
    expect([liveBytes(1_000, 10, tables), liveBytes(1_000, 3, tables), liveBytes(20, 0, tables)]).toEqual([
      300, 1_000, 20,
    ]);
  });

  test('that fails loses nothing', async () => {
    const { store, put } = open(OFTEN);
    fs.mkdirSync(`${file}.new`);
    for (let n = 0; n < 200; n++) {
      put('x', `k${n % 5}`, n);
      await store.durable();
    }
    await store.durable();
    await store.close();
    expect((await found()).x).toEqual({ k0: 195, k1: 196, k2: 197, k3: 198, k4: 199 });
  });

  test(`while records are put, ${replay}`, { timeout: propertyMs }, async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constantFrom('x' as const, 'y' as const), fc.nat(12), fc.option(fc.nat(9))) },
      { weight: 2, arbitrary: fc.constant('durable' as const) },
      { weight: 2, arbitrary: fc.constant('turn' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        fs.rmSync(file, { force: true });
        let now = open(OFTEN);
        for (const one of steps) {
          if (one === 'durable') void now.store.durable();
          else if (one === 'turn') await new Promise((resolve) => setImmediate(resolve));
          else if (one === 'restart') {
            await now.store.close();
            const next = open(OFTEN);
            expect(new Map([...next.x].sort())).toEqual(new Map([...now.x].sort()));
            now = next;
          } else now.put(one[0], `key number ${one[1]}`, one[2]);
        }
        await now.store.close();
        const { x, y, setAside } = await found();
        expect({ x, y, setAside }).toEqual({
          x: Object.fromEntries(now.x),
          y: Object.fromEntries(now.y),
          setAside: null,
        });
      }),
      runs(30),
    );
  });
});

describe('a disk that is full', () => {
  /** From now on nothing can be written, until it is called with true. */
  function fullDisk(): (hasRoom: boolean) => void {
    const real = fs.writeSync;
    let hasRoom = false;
    vi.spyOn(fs, 'writeSync').mockImplementation(((...given: Parameters<typeof fs.writeSync>) => {
      if (!hasRoom) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return real(...given);
    }) as typeof fs.writeSync);
    return (has) => {
      hasRoom = has;
    };
  }

  /** How often `key` is in the file. */
  const times = (key: string) => fs.readFileSync(file, 'utf8').split(`"${key}"`).length - 1;

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  async function putInTurns(put: ReturnType<typeof open>['put'], keys: readonly string[]): Promise<void> {
    for (const [n, key] of keys.entries()) {
      put('x', key, n);
      await turn();
    }
  }

  test.each([
    ['few rows are written as they were put', 10, 10],
    ['of many only those are that are live', 11, 1],
  ])('for long: %s', async (_, puts, written) => {
    const { store, put } = open({ ...OFTEN, minBytes: 1 << 30 });
    const setRoom = fullDisk();
    await putInTurns(put, Array(puts).fill('often'));
    await expect(store.durable()).rejects.toThrow('the disk is full');
    setRoom(true);
    await store.durable();
    expect([times('often'), fs.readdirSync(directory)]).toEqual([written, ['test.log']]);
    put('x', 'later', 1);
    await store.close();
    expect((await found()).x).toEqual({ often: puts - 1, later: 1 });
  });

  test('keeps as many operations as there are live rows', async () => {
    const { store, put } = open({ ...OFTEN, minBytes: 1 << 30 });
    for (let n = 0; n < 30; n++) put('x', `k${n}`, n);
    await store.durable();
    const setRoom = fullDisk();
    await putInTurns(put, Array(30).fill('k0'));
    setRoom(true);
    await store.durable();
    expect(times('k0')).toBe(31);
    setRoom(false);
    await putInTurns(put, Array(31).fill('k0'));
    setRoom(true);
    await store.durable();
    expect(times('k0')).toBe(1);
    await store.close();
    expect((await found()).x).toMatchObject({ k0: 30, k29: 29 });
  });

  test('leaves the journal as it was until everything can be written: no later row without an earlier one', async () => {
    const { store, put } = open(OFTEN);
    put('x', 'first', 1);
    await store.durable();
    const setRoom = fullDisk();
    await putInTurns(put, Array(11).fill('second'));
    setRoom(true);
    await putInTurns(put, ['third']);
    expect(fs.readFileSync(file, 'utf8')).not.toMatch(/second|third/);
    await store.mend();
    expect([times('second'), times('third')]).toEqual([1, 1]);
    await store.close();
  });

  test('during a compaction: what could not be written is in the new journal', async () => {
    const { store, put } = open({ ...OFTEN, slice: 1 });
    for (let n = 0; n < 5; n++) put('x', `k${n}`, n);
    await store.durable();
    put('x', 'large', 'l'.repeat(2 * OFTEN.minBytes)); // begins one
    await turn();
    const append = fs.statSync(file).ino;
    const real = fs.writeSync;
    const write = vi.spyOn(fs, 'writeSync').mockImplementation(((...given: Parameters<typeof fs.writeSync>) => {
      if (fs.fstatSync(given[0]).ino === append) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return real(...given);
    }) as typeof fs.writeSync);
    for (let n = 0; n < 11; n++) put('x', 'k0', `new ${n}`);
    while (fs.statSync(file).ino === append) await turn();
    write.mockRestore();
    expect((await found()).x).toMatchObject({ k0: 'new 10', k4: 4 });
    await store.close();
  });

  test(`loses nothing that it said is durable, ${replay}`, { timeout: propertyMs }, async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constantFrom('x' as const, 'y' as const), fc.nat(12), fc.option(fc.nat(9))) },
      { weight: 2, arbitrary: fc.constant('durable' as const) },
      { weight: 2, arbitrary: fc.constant('turn' as const) },
      { weight: 1, arbitrary: fc.boolean() },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        fs.rmSync(file, { force: true });
        const { store, put, x, y } = open(OFTEN);
        const setRoom = fullDisk();
        setRoom(true);
        for (const one of steps) {
          if (one === 'durable') {
            const isStored = await store.durable().then(
              () => true,
              () => false,
            );
            if (isStored) expect(await read()).toEqual([Object.fromEntries(x), Object.fromEntries(y)]);
          } else if (one === 'turn') await turn();
          else if (typeof one === 'boolean') setRoom(one);
          else put(one[0], `key number ${one[1]}`, one[2]);
        }
        setRoom(true);
        await store.close();
        expect(await read()).toEqual([Object.fromEntries(x), Object.fromEntries(y)]);
        vi.restoreAllMocks();
      }),
      runs(30),
    );
  });

  /** What the file says while its store is open. */
  async function read(): Promise<[unknown, unknown]> {
    const copy = `${file}.copy`;
    fs.copyFileSync(file, copy);
    const tables = { x: new MapTable(), y: new MapTable() };
    readOperations(copy, fs.statSync(copy).size, ([table, key, value]) => tables[table as 'x' | 'y'].load(key, value));
    fs.rmSync(copy);
    return [Object.fromEntries(tables.x.rows), Object.fromEntries(tables.y.rows)];
  }
});

describe('killed at any moment', () => {
  let code: string;
  beforeAll(() => {
    code = compiled(['disk/state/store']);
  });
  afterAll(() => removeRoot(code));

  // Writes for ever, and prints each number when it is durable. The journal is compacted all the time.
  const writer = `
    import { Store } from './disk/state/store.js';
    const rows = new Map();
    const table = { load: (k, v) => rows.set(k, v), all: () => rows };
    const when = { factor: 2, minBytes: 2000, slice: 5, pending: 100 };
    const { store, setAside } = Store.open(process.argv[2], { x: table }, { when });
    if (setAside !== null) throw new Error('set aside: ' + setAside);
    const said = Number(process.argv[3]);
    for (let n = said; ; n++) {
      const key = 'k' + (n % 40);
      rows.set(key, n);
      store.put('x', key, n);
      if (n % 3 === 0) { await store.durable(); process.stdout.write(n + '\\n'); }
    }
  `;

  test('everything that was durable is there', { timeout: 600_000 }, async () => {
    let from = 0;
    for (let kill = 0; kill < sized(4, 100); kill++) {
      const child = run(code, writer, [file, String(from)]);
      const enough = from + 3 + kill * 37;
      await child.said((line) => Number(line) >= enough);
      await child.kill();
      const last = Number(child.lines.at(-1));
      const { x, setAside } = await found();
      expect(setAside).toBeNull();
      for (let n = Math.max(0, last - 39); n <= last; n++) {
        expect(Number(x[`k${n % 40}`]), `${n} of ${last}`).toBeGreaterThanOrEqual(n);
      }
      from = last + 1;
    }
  });
});

test('what was read from a journal is durable before anything follows', async () => {
  const first = open();
  first.put('x', 'a', 1);
  await first.store.close();
  const { size } = fs.statSync(file);
  const flushed: number[] = [];
  vi.spyOn(fs, 'fdatasyncSync').mockImplementation((fd) => void flushed.push(fs.fstatSync(fd).size));
  const second = open();
  expect([flushed, Object.fromEntries(second.x)]).toEqual([[size], { a: 1 }]);
  await second.store.close();
});

test('a journal that cannot be begun is closed and leaves nothing', () => {
  vi.spyOn(fs, 'fsyncSync').mockImplementationOnce(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  const opened = vi.spyOn(fs, 'openSync');
  const closed = vi.spyOn(fs, 'closeSync');
  expect(() => open()).toThrow();
  expect(fs.readdirSync(directory)).toEqual([]);
  expect(closed.mock.calls.length).toBe(opened.mock.results.filter(({ type }) => type === 'return').length);
});

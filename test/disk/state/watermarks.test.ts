// Damage to a state file is noticed, and a kill is never taken for damage.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DamageKind } from '../../../src/disk/state/journal-check.js';
import { SealedFile } from '../../../src/disk/state/sealed-file.js';
import { Store, type Table } from '../../../src/disk/state/store.js';
import { Watermarks } from '../../../src/disk/state/watermarks.js';
import { compiled, run } from '../../support/compiled.js';
import { sized } from '../../support/sizes.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let directory: string;
const at = (name: string) => path.join(directory, name);
beforeEach(() => {
  directory = makeRoot('watermarks');
});
afterEach(() => removeRoot(directory));

class Rows implements Table {
  readonly rows = new Map<string, unknown>();
  load(key: string, value: unknown): void {
    if (value === null) this.rows.delete(key);
    else this.rows.set(key, value);
  }
  all(): Iterable<readonly [string, unknown]> {
    return this.rows;
  }
}

interface Session {
  readonly store: Store;
  readonly rows: Map<string, unknown>;
  readonly damage: DamageKind | null;
  readonly setAside: string | null;
  readonly watermarks: Watermarks;
  put(key: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}

function open(more: { salvage?: boolean } = {}): Session {
  const watermarks = new Watermarks(directory);
  const table = new Rows();
  let damage: DamageKind | null = null;
  const { store, setAside } = Store.open(
    at('locks.log'),
    { x: table },
    {
      ...more,
      mark: watermarks.of('locks.log'),
      onDamage: (kind) => {
        damage = kind;
      },
    },
  );
  return {
    ...{ store, rows: table.rows, damage, setAside, watermarks },
    put: async (key, value) => {
      table.load(key, value);
      store.put('x', key, value);
      await store.durable();
    },
    close: async () => {
      await store.close();
      watermarks.close();
    },
  };
}

/** Leaves a journal of five records, in lines of their own. @returns where each line ends, the header first. */
async function five(): Promise<number[]> {
  const session = open();
  for (let n = 1; n <= 5; n++) await session.put(`k${n}`, n);
  await session.close();
  const bytes = fs.readFileSync(at('locks.log'));
  return [...bytes.keys()].filter((place) => bytes[place] === 0x0a).map((place) => place + 1);
}

async function found(more: { salvage?: boolean } = {}): Promise<{ damage: DamageKind | null; keys: string[] }> {
  const session = open(more);
  const before = session.damage === null ? null : session.setAside;
  await session.close();
  if (before !== null) fs.rmSync(before);
  // The open has repaired it.
  const again = open(more);
  await again.close();
  expect(again.damage).toBeNull();
  expect([...again.rows.keys()]).toEqual([...session.rows.keys()]);
  return { damage: session.damage, keys: [...session.rows.keys()] };
}

const journal = () => fs.readFileSync(at('locks.log'));
const write = (bytes: Buffer | string) => fs.writeFileSync(at('locks.log'), bytes);

describe('a journal', () => {
  test('is valid after a stop, after a start without a stop, and after a compaction', async () => {
    await five();
    expect(await found()).toEqual({ damage: null, keys: ['k1', 'k2', 'k3', 'k4', 'k5'] });
    const session = open();
    await session.put('k6', 6);
    expect(open().damage).toBeNull();
  });

  test('truncated at any byte is noticed, and what is before can be used', async () => {
    const ends = await five();
    const whole = journal();
    const marks = fs.readFileSync(at('watermarks'));
    for (let cut = 0; cut < whole.length; cut += sized(13, 1)) {
      for (const salvage of [false, true]) {
        write(whole.subarray(0, cut));
        fs.writeFileSync(at('watermarks'), marks);
        const { damage, keys } = await found({ salvage });
        expect(damage, `cut at ${cut}`).toBe(cut === 0 ? 'empty' : 'cut');
        const lines = salvage ? ends.filter((end) => end <= cut).length - 1 : 0;
        expect(keys, `cut at ${cut}`).toEqual(['k1', 'k2', 'k3', 'k4', 'k5'].slice(0, Math.max(lines, 0)));
      }
    }
  });

  test('with a changed bit at any byte is noticed, and the other lines can be used', async () => {
    await five();
    const whole = journal();
    const marks = fs.readFileSync(at('watermarks'));
    for (let place = 0; place < whole.length; place += sized(9, 1)) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1 << (place % 7);
      write(changed);
      fs.writeFileSync(at('watermarks'), marks);
      const { damage, keys } = await found({ salvage: true });
      expect(damage, `byte ${place}`).not.toBeNull();
      if (place >= 'lockstep-store 2 1\n'.length) expect(keys.length, `byte ${place}`).toBeGreaterThanOrEqual(2);
    }
  });

  test.each([
    ['missing', () => fs.rmSync(at('locks.log')), 'missing', 0],
    ['empty', () => write(''), 'empty', 0],
    ['of another version', () => write('lockstep-store 3 1\n'), 'foreign', 0],
    ['of another program', () => write('SQLite format 3\0'), 'foreign', 0],
    [
      'a link',
      () => {
        fs.renameSync(at('locks.log'), at('elsewhere'));
        fs.symlinkSync('elsewhere', at('locks.log'));
      },
      'foreign',
      0,
    ],
    ['followed by a foreign tail', () => fs.appendFileSync(at('locks.log'), 'hello'), 'tail', 5],
    ['followed by whole foreign lines', () => fs.appendFileSync(at('locks.log'), 'hello\nworld\n'), 'tail', 5],
    ['followed by zeros', () => fs.appendFileSync(at('locks.log'), '\0'.repeat(100)), 'tail', 5],
    ['followed by itself', () => fs.appendFileSync(at('locks.log'), journal()), 'tail', 5],
    [
      'without a line in the middle',
      (ends: number[]) => {
        write(Buffer.concat([journal().subarray(0, ends[2]), journal().subarray(ends[3])]));
      },
      'cut',
      3,
    ],
    [
      'with a line twice',
      (ends: number[]) => {
        write(Buffer.concat([journal().subarray(0, ends[3]), journal().subarray(ends[2])]));
      },
      'damaged',
      5,
    ],
  ] as const)('that is %s is noticed', async (_, damageIt, kind, keys) => {
    const ends = await five();
    damageIt(ends);
    const result = await found({ salvage: true });
    expect([result.damage, result.keys.length]).toEqual([kind, keys]);
  });

  test('that is an older copy is noticed, also where it was rewritten since', async () => {
    await five();
    const old = journal();
    const session = open();
    await session.put('k6', 6);
    await session.close();
    write(old);
    expect(await found()).toEqual({ damage: 'cut', keys: [] });
    const later = journal();
    write(later.subarray(0, 0));
    expect((await found()).damage).toBe('empty');
    write(later);
    expect(await found()).toEqual({ damage: 'older', keys: [] });
  });

  test('of version 1 is read and written again', async () => {
    write('lockstep-store 1\n');
    expect(await found()).toEqual({ damage: null, keys: [] });
    expect(journal().toString()).toBe('lockstep-store 2 1\n');
  });

  test('removed, truncated or replaced while it is open is written again by the next flush, and reported', async () => {
    for (const change of [
      () => fs.rmSync(at('locks.log')),
      () => fs.truncateSync(at('locks.log'), 30),
      () => fs.truncateSync(at('locks.log'), 0),
      () => fs.appendFileSync(at('locks.log'), 'hello\n'),
      () => {
        fs.copyFileSync(at('locks.log'), at('copy'));
        fs.renameSync(at('copy'), at('locks.log'));
      },
    ]) {
      const session = open();
      await session.put('before', 1);
      change();
      await session.put('after', 2);
      await session.close();
      const { damage, keys } = await found();
      expect([damage, keys.sort()]).toEqual([null, ['after', 'before']]);
    }
  });

  test('after a power cut may be shorter by what was not flushed, and by no more', async () => {
    const session = open();
    await session.put('durable', 1);
    const durable = journal().length;
    session.store.put('x', 'loose', 2);
    await new Promise((resolve) => setImmediate(resolve));
    const whole = journal();
    expect(whole.length).toBeGreaterThan(durable);
    const marks = fs.readFileSync(at('watermarks'), 'latin1');
    /** The same marks after a restart of the machine. */
    const otherBoot = () => new Watermarks(directory, '12345678').of('locks.log').read()!;
    expect(otherBoot().bytes).toBe(durable);
    expect(new Watermarks(directory).of('locks.log').read()!.bytes).toBe(whole.length);
    write(whole.subarray(0, durable));
    fs.writeFileSync(at('watermarks'), marks);
    expect((await found()).damage).toBe('cut'); // no power cut in this run of the machine
  });
});

describe('the watermarks themselves', () => {
  test.each([
    ['missing', () => fs.rmSync(at('watermarks')), 'missing'],
    ['empty', () => fs.truncateSync(at('watermarks'), 0), 'empty'],
    ['halved', () => fs.truncateSync(at('watermarks'), fs.statSync(at('watermarks')).size / 2), 'cut'],
    ['longer', () => fs.appendFileSync(at('watermarks'), 'more'), 'tail'],
    ['of another version', () => fs.writeFileSync(at('watermarks'), 'lockstep-watermarks 2'.padEnd(2000)), 'foreign'],
  ] as const)('%s are said to be, and the journals are read as they are', async (_, damageIt, kind) => {
    await five();
    damageIt();
    const watermarks = new Watermarks(directory);
    watermarks.close();
    expect(watermarks.damage?.kind).toBe(kind);
    expect(await found()).toEqual({ damage: null, keys: ['k1', 'k2', 'k3', 'k4', 'k5'] });
    expect(new Watermarks(directory).damage).toBeNull();
  });

  test('with a changed bit at any byte of a mark are reported as damaged', async () => {
    await five();
    const whole = fs.readFileSync(at('watermarks'));
    const slot = whole.indexOf('locks.log');
    for (let place = slot; place < slot + 100; place += sized(9, 1)) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1;
      fs.writeFileSync(at('watermarks'), changed);
      const watermarks = new Watermarks(directory);
      watermarks.close();
      expect(watermarks.damage?.kind, `byte ${place}`).toBe('damaged');
      fs.rmSync(watermarks.damage!.setAside!);
    }
  });

  test.each(['removed', 'cut', 'a directory'])('that are %s while in use are written again', async (how) => {
    const session = open();
    await session.put('k', 1);
    if (how === 'cut') fs.truncateSync(at('watermarks'), 10);
    else fs.rmSync(at('watermarks'));
    if (how === 'a directory') fs.mkdirSync(at('watermarks'));
    expect([session.watermarks.check(), session.watermarks.check()]).toEqual([true, false]);
    await session.close();
    expect((await found()).damage).toBeNull();
  });
});

describe('a sealed file', () => {
  const sealed = () => new SealedFile(at('guarded.json'), new Watermarks(directory).of('guarded.json'));
  const read = () => sealed().read(({ n }) => typeof n === 'number');

  test('is read back, and is nothing where it never existed', () => {
    expect(read()).toEqual({ value: null, damage: null });
    sealed().write({ n: 1 });
    expect(read()).toEqual({ value: { n: 1 }, damage: null });
  });

  test('changed or truncated at any byte is noticed', () => {
    sealed().write({ n: 1, text: 'é' });
    const whole = fs.readFileSync(at('guarded.json'));
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1 << (place % 7);
      fs.writeFileSync(at('guarded.json'), changed);
      expect(read().damage, `byte ${place}`).not.toBeNull();
      fs.writeFileSync(at('guarded.json'), whole.subarray(0, place));
      expect(read().damage, `cut at ${place}`).toBe(place === 0 ? 'empty' : 'damaged');
    }
  });

  test.each([
    ['missing', () => fs.rmSync(at('guarded.json')), 'missing'],
    ['with a foreign tail', () => fs.appendFileSync(at('guarded.json'), 'more'), 'damaged'],
    ['of another version', () => new SealedFile(at('guarded.json')).write({ other: 1 }), 'foreign'],
    ['another one of the same number', () => new SealedFile(at('guarded.json')).write({ n: 9 }), 'damaged'],
    [
      'a link',
      () => {
        fs.renameSync(at('guarded.json'), at('elsewhere'));
        fs.symlinkSync('elsewhere', at('guarded.json'));
      },
      'foreign',
    ],
  ] as const)('that is %s is noticed', (_, damageIt, kind) => {
    sealed().write({ n: 1 });
    damageIt();
    expect(read().damage).toBe(kind);
  });

  test('that is an older copy is noticed', () => {
    const file = sealed();
    file.write({ n: 1 });
    const old = fs.readFileSync(at('guarded.json'));
    file.write({ n: 2 });
    fs.writeFileSync(at('guarded.json'), old);
    expect(read().damage).toBe('older');
  });

  test('of a version without checksums is taken over', () => {
    fs.writeFileSync(at('guarded.json'), '{"n":7}');
    expect(read()).toEqual({ value: { n: 7 }, damage: null });
    expect(read()).toEqual({ value: { n: 7 }, damage: null });
    fs.writeFileSync(at('guarded.json'), '{"n":7}');
    expect(read().damage).toBe('damaged');
  });

  test('that is removed, truncated or replaced while in use is written again', () => {
    const file = sealed();
    file.write({ n: 1 });
    for (const change of [
      () => fs.rmSync(at('guarded.json')),
      () => fs.truncateSync(at('guarded.json'), 0),
      () => fs.writeFileSync(at('guarded.json'), fs.readFileSync(at('guarded.json'), 'utf8').replace('1', '2')),
      () => {
        fs.rmSync(at('guarded.json'));
        fs.symlinkSync('/nowhere', at('guarded.json'));
      },
    ]) {
      change();
      expect([file.check(), file.check()]).toEqual([true, false]);
      expect(read()).toEqual({ value: { n: 1 }, damage: null });
    }
  });
});

describe('killed at any moment', () => {
  let code: string;
  beforeAll(() => {
    code = compiled(['disk/state/store', 'disk/state/watermarks']);
  });
  afterAll(() => removeRoot(code));

  // Writes for ever, with some flushes, and prints each number when it is durable. The journal is compacted all the
  // time.
  const writer = `
    import path from 'node:path';
    import { Store } from './disk/state/store.js';
    import { Watermarks } from './disk/state/watermarks.js';
    const [directory, from] = process.argv.slice(2);
    const rows = new Map();
    const table = { load: (k, v) => rows.set(k, v), all: () => rows };
    const when = { factor: 2, minBytes: 2000, slice: 5, pending: 100 };
    const mark = new Watermarks(directory).of('locks.log');
    const onDamage = (kind) => { throw new Error('damage: ' + kind); };
    const { store } = Store.open(path.join(directory, 'locks.log'), { x: table }, { when, mark, onDamage });
    for (let n = Number(from); ; n++) {
      const key = 'k' + (n % 40);
      rows.set(key, n);
      store.put('x', key, n);
      if (n % 3 === 0) { await store.durable(); process.stdout.write(n + '\\n'); }
      else if (n % 3 === 1) await new Promise(setImmediate);
    }
  `;

  test('a journal is never reported as damaged; one that is truncated afterwards is', {
    timeout: 600_000,
  }, async () => {
    let from = 0;
    for (let kill = 0; kill < sized(2, 200); kill++) {
      const child = run(code, writer, [directory, String(from)]);
      const enough = from + 3 + kill * 37;
      await child.said((line) => Number(line) >= enough);
      await child.kill();
      const last = Number(child.lines.at(-1));
      const [whole, marks] = [journal(), fs.readFileSync(at('watermarks'))];
      const left = new Watermarks(directory);
      const marked = left.of('locks.log').read()?.generation;
      left.close();
      const session = open();
      expect(session.damage).toBeNull();
      for (let n = Math.max(0, last - 39); n <= last; n++) {
        expect(Number(session.rows.get(`k${n % 40}`)), `${n} of ${last}`).toBeGreaterThanOrEqual(n);
      }
      await session.close();
      // The last record that was reported as durable is gone. A kill between the two steps that end a compaction leaves the
      // mark of the former journal, which says nothing about this one.
      const told = whole.lastIndexOf(`,${last}]`);
      if (told >= 0 && marked === Number(/^\S+ \d+ (\d+)\n/.exec(whole.toString('latin1'))?.[1])) {
        write(whole.subarray(0, whole.lastIndexOf('\n', told) + 1));
        fs.writeFileSync(at('watermarks'), marks);
        expect((await found()).damage).toBe('cut');
        write(whole);
        fs.writeFileSync(at('watermarks'), marks);
        await open().close();
      }
      from = last + 1;
    }
  });
});

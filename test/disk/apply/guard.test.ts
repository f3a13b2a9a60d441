// Whatever happens to a guarded file, its write bits are restored, and the removed bits are never reported.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import { Guard } from '../../../src/disk/apply/guard.js';
import { GuardRecords } from '../../../src/disk/apply/guard-records.js';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { SealedFile } from '../../../src/disk/state/sealed-file.js';
import { openStateDirectory, type StateDirectory } from '../../../src/disk/state/state-directory.js';
import { silent } from '../../../src/log.js';
import type { Applied, Content } from '../../../src/replica.js';
import { file, p, stream } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
let state: StateDirectory;
let replica: LocalReplica;

const start = () => {
  const opened = openRoot(root);
  state = openStateDirectory(opened.path);
  replica = new LocalReplica({ root: opened, state, ignore: [], log: silent });
};
const stop = async () => {
  await replica.close();
  state.release();
};
const at = (name: string) => path.join(root, name);
const mode = (name: string) => (fs.statSync(at(name)).mode & 0o777).toString(8);
const guardFile = () => path.join(state.path, 'guarded.json');

beforeEach(async () => {
  root = makeRoot('guard');
  put(root, { f: 'f', d: { g: 'g', h: 'h' } });
  start();
  await settled();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await stop();
  removeRoot(root);
});

/** Scans until everything has settled. @returns the last report of each path. */
async function settled(): Promise<Map<string, string | null>> {
  const told = new Map<string, string | null>();
  for (let unsettled = 1; unsettled > 0; ) {
    const scan = await replica.scan('everything');
    for (const { path, entry } of scan.entries) {
      told.set(path, entry?.type === 'file' ? entry.mode.toString(8) : (entry?.type ?? null));
    }
    unsettled = scan.unsettled;
  }
  return told;
}

async function* none(): AsyncGenerator<Content> {}

async function done(change: Change, contents = none()): Promise<void> {
  const outcomes: Applied[] = [];
  for await (const one of replica.apply([change], contents)) outcomes.push(one);
  expect(outcomes).toEqual([{ n: 0, outcome: expect.objectContaining({ kind: 'done' }) }]);
}

const seen = (name: string) => {
  const node = replica.scanner.snapshot.get(p(name))!;
  return node.type === 'dir' ? { type: node.type, mode: node.mode } : node;
};
const moved = (from: string, to: string): Change => {
  const entry = seen(from);
  return { path: p(to), action: 'renamed', before: null, after: entry, from: { path: p(from), entry } };
};

interface Row {
  readonly name: string;
  /** What happens while `f` and `d/g` are guarded. */
  readonly act: () => Promise<unknown> | unknown;
  /** Modes after that, while still guarded. */
  readonly guarded: Record<string, string>;
  /** Modes after the end of the guard. */
  readonly free: Record<string, string>;
}

const rows: Row[] = [
  {
    name: 'nothing',
    act: () => {},
    guarded: { f: '444', 'd/g': '444', 'd/h': '644' },
    free: { f: '644', 'd/g': '644', 'd/h': '644' },
  },
  {
    name: 'its directory is renamed, then the lock moves',
    act: async () => {
      await done(moved('d', 'e'));
      expect(mode('e/g')).toBe('644');
      await replica.guard([p('d/g')], false);
      await replica.guard([p('e/g')], true);
    },
    guarded: { f: '444', 'e/g': '444', 'e/h': '644' },
    free: { f: '644', 'e/g': '644', 'e/h': '644' },
  },
  {
    name: 'the lock moves, then its directory is renamed',
    act: async () => {
      await replica.guard([p('d/g')], false);
      await replica.guard([p('e/g')], true);
      await done(moved('d', 'e'));
    },
    guarded: { f: '444', 'e/g': '444', 'e/h': '644' },
    free: { f: '644', 'e/g': '644', 'e/h': '644' },
  },
  {
    name: 'the user renames it',
    act: async () => {
      fs.renameSync(at('f'), at('f2'));
      expect((await settled()).get('f2')).toBe('644');
    },
    guarded: { f2: '644', 'd/g': '444' },
    free: { f2: '644', 'd/g': '644' },
  },
  {
    name: 'the user renames its directory',
    act: async () => {
      fs.renameSync(at('d'), at('e'));
      expect((await settled()).get('e/g')).toBe('644');
    },
    guarded: { f: '444', 'e/g': '644' },
    free: { f: '644', 'e/g': '644' },
  },
  {
    name: 'the user renames it, and the lock ends before the next scan',
    act: async () => {
      fs.renameSync(at('f'), at('f2'));
      await replica.guard([p('f')], false);
      expect((await settled()).get('f2')).toBe('644');
    },
    guarded: { f2: '644' },
    free: { f2: '644' },
  },
  {
    name: 'the user renames it while nothing runs',
    act: async () => {
      await stop();
      fs.renameSync(at('f'), at('f2'));
      start();
      expect((await settled()).get('f2')).toBe('644');
    },
    guarded: { f2: '644', 'd/g': '644' },
    free: { f2: '644', 'd/g': '644' },
  },
  {
    name: 'it gets a second name',
    act: async () => {
      fs.linkSync(at('f'), at('f2'));
      expect((await settled()).get('f2')).toBe('644');
    },
    guarded: { f: '444', f2: '444' },
    free: { f: '644', f2: '644' },
  },
  {
    name: 'the owner makes it read-only',
    act: async () => {
      const before = seen('f') as Change['before'] & { type: 'file' };
      await done({ path: p('f'), action: 'metadata', before, after: { ...before, mode: 0o444 } });
    },
    guarded: { f: '444' },
    free: { f: '444' },
  },
  {
    name: 'it loses a conflict',
    act: () => {
      const change = { path: p('f'), action: 'modified', before: seen('f'), after: file('new') } as const;
      return done({ ...change, conflictCopy: p('f2') }, stream(['new']));
    },
    guarded: { f: '444', f2: '644' },
    free: { f: '644', f2: '644' },
  },
  {
    name: 'the owner uploads it',
    act: async () => {
      const { hash, ...announced } = file('new', { mode: 0o640 });
      const upload = replica.receive(announced);
      await upload.take(Buffer.from('new'), true);
      const after = await upload.finish(hash);
      const change: Change = { path: p('f'), action: 'modified', before: seen('f'), after };
      for await (const { outcome } of replica.publish(change, upload)) expect(outcome.kind).toBe('done');
      upload.discard();
    },
    guarded: { f: '440' },
    free: { f: '640' },
  },
];

const modesOf = (names: Record<string, string>) => Object.fromEntries(Object.keys(names).map((at) => [at, mode(at)]));

test.each(rows)('restored: $name', async ({ act, guarded, free }) => {
  await replica.guard([p('f'), p('d/g')], true);
  await act();
  expect(modesOf(guarded)).toEqual(guarded);
  await replica.guard([], false);
  expect(modesOf(free)).toEqual(free);
  const told = await settled();
  for (const [name, was] of told) if (was !== null && name in free) expect([name, was]).toEqual([name, free[name]]);
  expect(JSON.parse(fs.readFileSync(guardFile(), 'utf8')).modes).toEqual([]);
});

test('no bit is removed while its record cannot be saved', async () => {
  fs.mkdirSync(`${guardFile()}.new`);
  await replica.guard([p('f')], true);
  expect(mode('f')).toBe('644');
  fs.rmdirSync(`${guardFile()}.new`);
  await replica.guard([p('f')], true);
  expect(mode('f')).toBe('444');
  await stop();
  start();
  expect(mode('f')).toBe('644');
});

test('a server starts and restores bits where the records cannot be written', async () => {
  await replica.guard([p('f')], true);
  const kept = fs.readFileSync(guardFile(), 'utf8');
  await stop();
  fs.mkdirSync(`${guardFile()}.new`);
  start();
  expect(mode('f')).toBe('644');
  expect(fs.readFileSync(guardFile(), 'utf8')).toBe(kept);
  fs.rmdirSync(`${guardFile()}.new`);
  await replica.guard([], false);
  expect(JSON.parse(fs.readFileSync(guardFile(), 'utf8')).modes).toEqual([]);
});

test('many records are saved at once: one flush of the file and one of its directory', () => {
  const names = Array.from({ length: 50 }, (_, i) => p(`n${i}`));
  put(root, Object.fromEntries(names.map((name) => [name, name])));
  const guard = new Guard(
    root,
    new GuardRecords(new SealedFile(at('.lockstep-guarded.json')), null),
    replica.scanner,
    silent,
  );
  const flush = vi.spyOn(fs, 'fsyncSync');
  guard.set(names, true);
  expect([flush.mock.calls.length, mode('n0'), mode('n49')]).toEqual([2, '444', '444']);
  guard.clear();
  // And one of each file whose bits are restored.
  expect([flush.mock.calls.length, mode('n0'), mode('n49')]).toEqual([4 + names.length, '644', '644']);
});

test.runIf(process.platform === 'linux')('files of very many directories are guarded with few of them open', () => {
  const names = Array.from({ length: 200 }, (_, n) => `n${n}`);
  put(root, Object.fromEntries(names.map((name) => [name, { x: name }])));
  const records = new GuardRecords(new SealedFile(at('.lockstep-guarded.json')), null);
  const guard = new Guard(root, records, replica.scanner, silent);
  const before = fs.readdirSync('/proc/self/fd').length;
  const { chmodSync } = fs;
  let most = 0;
  vi.spyOn(fs, 'chmodSync').mockImplementation((...args) => {
    most = Math.max(most, fs.readdirSync('/proc/self/fd').length);
    chmodSync(...args);
  });
  guard.set(
    names.map((name) => p(`${name}/x`)),
    true,
  );
  expect([mode('n0/x'), mode('n199/x')]).toEqual(['444', '444']);
  expect(most - before).toBeLessThan(100);
  guard.clear();
  expect(mode('n0/x')).toBe('644');
});

test('a record stays while it is not known what is in the directory of its file', async () => {
  const sealed = new SealedFile(at('.lockstep-guarded.json'));
  const guard = new Guard(root, new GuardRecords(sealed, null), replica.scanner, silent);
  guard.set([p('d/g')], true);
  const recorded = () => fs.readFileSync(at('.lockstep-guarded.json'), 'utf8').includes('d/g');
  fs.rmSync(at('d/g'));
  await settled();
  const scan = { ...(await replica.scan('hinted')), whole: true, entries: [] };
  guard.scanned({ ...scan, unknown: [p('d')] });
  expect(recorded()).toBe(true);
  guard.scanned({ ...scan, unknown: [p('f')] });
  expect(recorded()).toBe(false);
});

test.each([
  ['restored', () => {}],
  ['given back by somebody', () => fs.chmodSync(at('f'), 0o644)],
])('write bits that are %s are durable before their record goes', async (_name, act) => {
  await replica.guard([p('f')], true);
  act();
  const { ino } = fs.statSync(at('f'));
  const steps: string[] = [];
  const real = { fsync: fs.fsyncSync, rename: fs.renameSync };
  vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    const stats = fs.fstatSync(fd);
    if (stats.ino === ino) steps.push(`flush ${(stats.mode & 0o777).toString(8)}`);
    real.fsync(fd);
  });
  vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
    if (String(to).endsWith('guarded.json')) steps.push('save');
    real.rename(from, to);
  });
  await replica.guard([p('f')], false);
  expect(steps).toEqual(['flush 644', 'save']);
});

test('a record stays while the bits of its file cannot be made durable', async () => {
  await replica.guard([p('f')], true);
  const real = fs.fsyncSync;
  const broken = vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    if (fs.fstatSync(fd).ino === fs.statSync(at('f')).ino) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    real(fd);
  });
  const modes = () => JSON.parse(fs.readFileSync(guardFile(), 'utf8')).modes.map(([name]: string[]) => name);
  await replica.guard([p('f')], false);
  expect([mode('f'), modes()]).toEqual(['644', ['f']]);
  broken.mockRestore();
  await replica.guard([], false);
  expect(modes()).toEqual([]);
});

test.each([
  ['removed', () => fs.rmSync(at('d/g')), ['', 'd']],
  ['removed with its directory', () => fs.rmSync(at('d'), { recursive: true }), ['']],
])('that a guarded file was %s is durable before its record goes', async (_name, act, flushed) => {
  await replica.guard([p('d/g')], true);
  const inos = new Map(['', 'd'].map((name) => [fs.statSync(at(name)).ino, name]));
  const steps = new Set<string>();
  const real = { fsync: fs.fsyncSync, rename: fs.renameSync };
  let isBroken = true;
  vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    const name = inos.get(fs.fstatSync(fd).ino);
    if (name !== undefined && isBroken) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    if (name !== undefined) steps.add(name);
    real.fsync(fd);
  });
  vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
    if (String(to).endsWith('guarded.json')) steps.add('saved');
    real.rename(from, to);
  });
  act();
  await settled();
  // As long as the disk cannot keep it, the record stays.
  expect([...steps]).toEqual([]);
  isBroken = false;
  fs.rmSync(at('f'));
  await settled();
  expect([...steps].slice(0, flushed.length).sort()).toEqual(flushed);
  expect([...steps].slice(flushed.length)).toEqual(['saved']);
});

test('a save whose write fails closes its file', async () => {
  const close = vi.spyOn(fs, 'closeSync');
  vi.spyOn(fs, 'fsyncSync').mockImplementationOnce((fd) => {
    close.mockClear();
    throw Object.assign(new Error(`no space for ${fd}`), { code: 'ENOSPC' });
  });
  await replica.guard([p('f')], true);
  expect(close).toHaveBeenCalled();
  expect(mode('f')).toBe('644');
});

test.each(['deleted', 'modified'] as const)(
  'a guarded file that is %s goes to versions/ with its mode before the guard',
  async (action) => {
    await replica.guard([p('f')], true);
    expect(mode('f')).toBe('444');
    const after = action === 'deleted' ? null : ({ type: 'symlink', target: 'd', mtime: 1 } as const);
    await done({ path: p('f'), action, before: seen('f'), after });
    const [version] = await replica.versionReader.list(p('f'));
    expect(fs.statSync(path.join(state.path, 'versions', version!.name)).mode & 0o777).toBe(0o644);
  },
);

test('more than can be locked is not remembered to be guarded, and what is given back makes room', async () => {
  const deep = `${'x'.repeat(200)}/`.repeat(15);
  const many = (n: number) => Array.from({ length: 130 }, (_, i) => p(`${n}/${deep}${i}`));
  let taken = 0;
  const pour = async () => {
    for (; taken < 1_000; taken++) await replica.guard(many(taken), true);
  };
  await expect(pour()).rejects.toMatchObject({ code: 'too-large' });
  expect(taken).toBeLessThan(200);
  // However often it is refused, no room is taken.
  const longer = `${deep}${deep}`;
  for (let n = 0; n < 100; n++)
    await expect(replica.guard([p(longer)], true)).rejects.toMatchObject({ code: 'too-large' });
  await replica.guard(many(0), false);
  await replica.guard([p('f')], true);
  expect(mode('f')).toBe('444');
  await replica.guard([], false);
  await replica.guard(many(taken), true);
});

// A directory that is away from its path for a moment while a scan runs: gone, or with another one in its place. The
// scan takes hints of what changed in it and finds nothing there. When it is back, these changes must be found.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { p } from '../../support/disk-site.js';
import { sized } from '../../support/sizes.js';
import { flatDisk, type Watched, watch } from '../../support/trees/watched.js';
import { put } from '../../support/trees.js';

const CALLS = ['lstatSync', 'readdir', 'watch', 'openSync', 'readlinkSync', 'opendirSync'] as const;
/** Longer ago than any event is in doubt only because it is young. */
const LONG_MS = 10_000;

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Runs `act`, and `steps[n]` just before its n-th call of the file system. @returns how many calls there were. */
async function between(act: () => Promise<unknown>, steps: Record<number, () => void>): Promise<number> {
  let calls = 0;
  let isStep = false;
  for (const name of CALLS) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    const spied = (...args: unknown[]) => {
      if (!isStep) {
        isStep = true;
        steps[calls++]?.();
        isStep = false;
      }
      return real(...args);
    };
    vi.spyOn(fs, name as 'lstatSync').mockImplementation(spied as never);
  }
  syncBuiltinESMExports();
  await act();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  return calls;
}

/** A tree whose directories have had other names and were watched under these, by a clock that is `ahead`. */
async function renamed(ahead: () => number): Promise<Watched> {
  const other = { dir: { s: {} }, s: { x: '1' } };
  const tree = { '.lockstep': { other }, first: { old: { s: {}, f: '0' } } };
  const watched = watch(tree, { now: () => Date.now() + ahead() });
  const at = (path: string) => `${watched.root}/${path}`;
  await watched.settle();
  fs.renameSync(at('first/old'), at('first/dir'));
  await watched.settle();
  fs.renameSync(at('first'), at('top'));
  await watched.settle();
  return watched;
}

type Moves = (at: string, away: string, other: string) => void;
const ways: [what: string, go: Moves, come: Moves][] = [
  ['nothing', (at, away) => fs.renameSync(at, away), (at, away) => fs.renameSync(away, at)],
  [
    'another directory',
    (at, away, other) => {
      fs.renameSync(at, away);
      fs.renameSync(other, at);
    },
    (at, away, other) => {
      fs.renameSync(at, other);
      fs.renameSync(away, at);
    },
  ],
];

describe.each(ways)('while %s is in its place', (_, go, come) => {
  it.each(['top', 'top/dir'])('what changed in %s is found when it is back', { timeout: 300_000 }, async (moved) => {
    let ahead = 0;
    const watched = await renamed(() => ahead);
    const paths = [moved, '.lockstep/away', '.lockstep/other'].map((path) => `${watched.root}/${path}`);
    const [at, away, other] = paths as [string, string, string];
    const missed: string[] = [];
    let last = 0;
    for (let first = 0; first <= last; first++) {
      for (const calls of sized([1 + (first % 3)], [1, 2, 3, 7])) {
        ahead += LONG_MS;
        change(watched.root, first * 10 + calls);
        await watched.hinted(1000);
        let isAway = false;
        const leave = () => {
          go(at, away, other);
          isAway = true;
        };
        const comeBack = () => {
          if (isAway) come(at, away, other);
          isAway = false;
        };
        const seen = await between(() => watched.scan(), { [first]: leave, [first + calls]: comeBack });
        last = Math.max(last, seen - 1);
        comeBack();
        await watched.settle(30);
        if (!isKnown(watched)) missed.push(`away before call ${first}, for ${calls}`);
      }
    }
    expect(missed).toEqual([]);
    expect(last).toBeGreaterThan(10);
  });
});

const isKnown = (watched: Watched): boolean => {
  return JSON.stringify(watched.known()) === JSON.stringify(flatDisk(watched.root));
};

describe('what is new in a known directory', () => {
  it('is found together with other bits of the directory above', async () => {
    let ahead = 0;
    const watched = watch({ d: { s: { t: {} } } }, { now: () => Date.now() + ahead });
    await watched.settle();
    ahead = LONG_MS;
    fs.chmodSync(`${watched.root}/d`, 0o700);
    put(watched.root, { d: { s: { t: { new: '1' } } } });
    await watched.settle();
    expect(watched.known()).toEqual(flatDisk(watched.root));
  });

  it('is found together with other bits of a directory above even if its name tells nothing', async () => {
    let ahead = 0;
    const watched = watch({ d: { s: {} } }, { now: () => Date.now() + ahead });
    await watched.settle();
    ahead = LONG_MS;
    fs.writeFileSync(Buffer.concat([Buffer.from(`${watched.root}/d/s/`), Buffer.from([0xff])]), '1');
    fs.chmodSync(`${watched.root}/d`, 0o700);
    expect(await watched.hinted(1000)).toBe(true);
    await watched.settle();
    expect(watched.last.problems).toMatchObject([{ path: 'd/s/\\xff' }]);
  });

  it('is found by the next scan although a directory above got other bits during this one', async () => {
    const watched = watch({ d: { s: { t: {} } } }, { watch: false });
    await watched.scan();
    let last = 0;
    const missed: number[] = [];
    for (let n = 0; n <= last; n++) {
      put(watched.root, { d: { s: { t: { [`new${n}`]: `${n}` } } } });
      watched.scanner.markDirty([p('d'), p(`d/s/t/new${n}`)]);
      const chmod = () => fs.chmodSync(`${watched.root}/d`, n % 2 === 0 ? 0o700 : 0o755);
      last = Math.max(last, (await between(() => watched.scan(), { [n]: chmod })) - 1);
      watched.scanner.markDirty([p('d')]);
      await watched.until(() => watched.last.unsettled === 0);
      if (!isKnown(watched)) missed.push(n);
    }
    expect(missed).toEqual([]);
    expect(last).toBeGreaterThan(10);
  });

  it('is found when the directory above can be read again', async () => {
    let ahead = 0;
    const watched = watch({ d: { s: { t: {} } } }, { now: () => Date.now() + ahead });
    await watched.settle();
    ahead = LONG_MS;
    const open = fs.opendirSync;
    vi.spyOn(fs, 'opendirSync').mockImplementation(((at: string) => {
      if (at.endsWith('/d')) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return open(at);
    }) as never);
    fs.chmodSync(`${watched.root}/d`, 0o700);
    await watched.until(() => watched.last.problems.length > 0);
    put(watched.root, { d: { s: { t: { new: '1' } } } });
    await watched.settle();
    vi.restoreAllMocks();
    ahead += LONG_MS;
    fs.chmodSync(`${watched.root}/d`, 0o755);
    await watched.settle();
    expect([watched.last.problems, watched.known()]).toEqual([[], flatDisk(watched.root)]);
  });
});

it('reads nothing again because of other times of a directory soon after a scan', async () => {
  let ahead = 0;
  const watched = watch({ d: { s: { f: '1' } } }, { now: () => Date.now() + ahead });
  await watched.settle();
  ahead = LONG_MS;
  put(watched.root, { d: { s: { f: '22' } } });
  await watched.settle();
  const read = vi.spyOn(fs, 'readdir');
  syncBuiltinESMExports();
  fs.utimesSync(`${watched.root}/d`, 1, 1);
  put(watched.root, { d: { s: { f: '333' } } });
  expect(await watched.hinted(1000)).toBe(true);
  await watched.settle();
  expect([watched.known(), read.mock.calls]).toEqual([flatDisk(watched.root), []]);
});

it('reports a moved directory at once even if the events of the move come while it is read', async () => {
  const watched = watch({ old: { s: { f: '1' } } });
  await watched.settle();
  const read = fs.readdir as (...args: unknown[]) => void;
  // No event is handled before the directory is watched at its new path, and all of them before it is read.
  const readInTime = (at: string, how: never, done: (error: null, names: unknown) => void) => {
    if (at === watched.root) {
      fs.renameSync(`${at}/old`, `${at}/new`);
      done(null, fs.readdirSync(at, how));
    } else setImmediate(() => setImmediate(() => read(at, how, done)));
  };
  vi.spyOn(fs, 'readdir').mockImplementation(readInTime as never);
  syncBuiltinESMExports();
  const scan = await watched.scan('everything');
  expect([scan.unsettled, scan.entries.map(({ path }) => path)]).toEqual([0, ['new', 'new/s', 'new/s/f', 'old']]);
});

/** Other permission bits, and a change in the directory and in one below it; only the last ones stay. */
function change(root: string, n: number): void {
  const dir = `${root}/top/dir`;
  if (n % 3 < 2) fs.chmodSync(dir, n % 2 === 0 ? 0o755 : 0o700);
  for (const name of fs.readdirSync(`${dir}/s`)) fs.rmSync(`${dir}/s/${name}`);
  put(dir, { s: { [`new${n}`]: `${n}` }, f: `${n}` });
}

it('is found what changes in a directory that was away only when it was to be watched', async () => {
  const watched = watch({ d: { f: '1' } });
  await watched.settle();
  const real = fs.watch;
  const spy = vi.spyOn(fs, 'watch').mockImplementation(((dir: string, ...more: []) => {
    if (!dir.endsWith('/new/.')) return real(dir, ...more);
    spy.mockImplementation(real);
    syncBuiltinESMExports();
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  }) as typeof fs.watch);
  syncBuiltinESMExports();
  fs.mkdirSync(`${watched.root}/new`);
  await watched.settle();
  put(watched.root, { new: { f: '2' } });
  await watched.settle();
  expect(watched.known()).toEqual(flatDisk(watched.root));
});

describe.runIf(process.platform === 'linux')('the watches of a root', () => {
  /** A settled tree, and the watches that are open. */
  async function counted() {
    const open = new Set<fs.FSWatcher>();
    const real = fs.watch as (...given: unknown[]) => fs.FSWatcher;
    vi.spyOn(fs, 'watch').mockImplementation(((...given: unknown[]) => {
      const one = real(...given);
      const close = one.close.bind(one);
      open.add(one);
      one.close = () => {
        open.delete(one);
        close();
      };
      return one;
    }) as never);
    syncBuiltinESMExports();
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`f${n}`, `${n}`]));
    const watched = watch({ d: files, '.lockstep': { x: '' } });
    await watched.settle();
    return { watched, open };
  }

  it.each<[it: string, halt: string, make: (root: string) => void, areOpen: boolean]>([
    ['is gone are closed', 'root-missing', (root) => fs.renameSync(root, `${root}-away`), false],
    [
      'was replaced are closed',
      'root-replaced',
      (root) => {
        fs.renameSync(root, `${root}-away`);
        fs.mkdirSync(root);
      },
      false,
    ],
    ['was emptied stay open', 'root-emptied', (root) => fs.renameSync(`${root}/d`, `${root}/.lockstep/d`), true],
  ])('that %s', async (_, halt, make, areOpen) => {
    const { watched, open } = await counted();
    expect(open.size).toBe(2);
    make(watched.root);
    await watched.until(() => watched.last.halt?.code === halt);
    expect(open.size > 0).toBe(areOpen);
    if (areOpen) return;
    fs.rmSync(watched.root, { recursive: true, force: true });
    fs.renameSync(`${watched.root}-away`, watched.root);
    await watched.scan('everything');
    expect([watched.last.halt, open.size]).toEqual([null, 2]);
  });
});

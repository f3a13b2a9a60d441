// SCENARIO 40: whatever a step does, somebody swaps what it works on just before one of its system calls; before the first,
// the second, and so on, until the step has no more. What lies outside the root stays as it was to the last bit.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Change } from '../../src/core/change.js';
import type { FileEntry } from '../../src/core/entry.js';
import { Guard } from '../../src/disk/guard.js';
import { GuardRecords } from '../../src/disk/guard-records.js';
import { Parents } from '../../src/disk/parents.js';
import { carryOut, publishFile } from '../../src/disk/publish.js';
import { SealedFile } from '../../src/disk/sealed-file.js';
import { outcomeOf } from '../../src/disk/trouble.js';
import { silent } from '../../src/log.js';
import { DiskSite, dir, file, link, p } from '../support/disk-site.js';
import { sized } from '../support/sizes.js';
import { makeRoot, put, removeRoot } from '../support/trees.js';

const CALLS = [
  ...(['openSync', 'closeSync', 'lstatSync', 'fstatSync', 'statSync', 'readdirSync', 'readlinkSync'] as const),
  ...(['chmodSync', 'fchmodSync', 'utimesSync', 'futimesSync', 'lutimesSync', 'readSync', 'writeSync'] as const),
  ...(['renameSync', 'linkSync', 'symlinkSync', 'unlinkSync', 'rmSync', 'rmdirSync', 'mkdirSync'] as const),
  ...(['copyFileSync', 'fsyncSync', 'existsSync', 'writeFileSync', 'realpathSync'] as const),
];

/** What each case has for itself in the root. */
const TREE = { d: { f: 'old', e: {}, 'some more': 'x' }, h: 'move me' };
const OUTSIDE = { f: 'OLD', e: {}, new: 'secret', copy: 'secret' };
/** More than all steps have system calls, times ways to swap. */
const CASES = sized(900, 2_000);

/** What lies outside, to the last bit; but not how many names it has, which a second one changes. */
function stateOf(directory: string): string[] {
  const names = ['', ...fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })].sort();
  return names.map((name) => {
    const at = path.join(directory, name);
    const stats = fs.lstatSync(at, { bigint: true });
    const content = stats.isFile() ? fs.readFileSync(at, 'utf8') : '';
    return `${name} ${stats.mode} ${stats.uid}:${stats.gid} ${stats.size} ${stats.mtimeNs} ${stats.ino} ${content}`;
  });
}

function makeOutside(): string {
  const outside = makeRoot('outside');
  onTestFinished(() => removeRoot(outside));
  put(outside, OUTSIDE);
  for (const name of ['f', 'new', 'copy', 'e', '']) {
    fs.chmodSync(path.join(outside, name), name === '' || name === 'e' ? 0o711 : 0o600);
    fs.utimesSync(path.join(outside, name), 1_000, 1_000);
  }
  return outside;
}

/** Gets ready to do a step in the directory `at` of the tree, and returns what does it. */
type Step = (site: DiskSite, at: string) => Promise<() => unknown>;

const step =
  (change: (site: DiskSite, at: string) => Change): Step =>
  async (site, at) => {
    const planned = change(site, at);
    return () => within(site, (parents) => carryOut({ ...site.parts(), parents }, planned));
  };

const publishing =
  (change: (site: DiskSite, at: string) => Change): Step =>
  async (site, at) => {
    const planned = change(site, at);
    const staged = site.staging.begin(planned.after as FileEntry);
    await staged.write(Buffer.from('new'), true);
    await staged.flush();
    return () => {
      try {
        within(site, (parents) => publishFile({ ...site.parts(), parents }, planned, staged));
      } finally {
        staged.discard();
      }
    };
  };

function within(site: DiskSite, act: (parents: Parents) => unknown): void {
  const parents = new Parents(site.root);
  try {
    act(parents);
  } finally {
    parents.close();
  }
}

const guarding =
  (on: boolean): Step =>
  async (site, at) => {
    const records = new GuardRecords(new SealedFile(site.at(`.lockstep/guarded-${at}.json`)), null);
    const guard = new Guard(site.root, records, site.looker, silent);
    if (!on) guard.set([p(`${at}/d/f`)], true);
    return () => guard.set([p(`${at}/d/f`)], on);
  };

const metadata = { action: 'metadata' } as const;
const open = (content: string) => file(content, { mode: 0o777 });

/** Each with the names in `d` that it works on. */
const steps: [string, string[], Step][] = [
  ['a creation', ['new'], publishing((site, at) => site.change(`${at}/d/new`, file('new')))],
  ['a creation of a link', ['new'], step((site, at) => site.change(`${at}/d/new`, link('f')))],
  ['a creation of a directory', ['new'], step((site, at) => site.change(`${at}/d/new`, dir(0o777)))],
  ['a modification', ['f'], publishing((site, at) => site.change(`${at}/d/f`, file('new')))],
  [
    'a conflict copy',
    ['f', 'copy'],
    publishing((site, at) => site.change(`${at}/d/f`, file('new'), { keepAs: p(`${at}/d/copy`) })),
  ],
  ['a link in the place of a file', ['f'], step((site, at) => site.change(`${at}/d/f`, link('e')))],
  ['a directory in the place of a file', ['f'], step((site, at) => site.change(`${at}/d/f`, dir(0o777)))],
  ['a deletion', ['f'], step((site, at) => site.change(`${at}/d/f`, null))],
  ['a removal of a directory', ['e'], step((site, at) => site.change(`${at}/d/e`, null))],
  ['metadata', ['f'], step((site, at) => site.change(`${at}/d/f`, open('old'), metadata))],
  ['metadata of a directory', ['e'], step((site, at) => site.change(`${at}/d/e`, dir(0o777), metadata))],
  ['a rename in it', ['f', 'new'], step((site, at) => site.move(`${at}/d/f`, `${at}/d/new`, open('old')))],
  ['a rename out of it', ['f'], step((site, at) => site.move(`${at}/d/f`, `${at}/g`, open('old')))],
  ['a rename into it', ['new'], step((site, at) => site.move(`${at}/h`, `${at}/d/new`, open('move me')))],
  [
    'a rename over a file',
    ['f'],
    step((site, at) => ({
      ...site.move(`${at}/h`, `${at}/d/f`, open('move me')),
      before: site.seen(`${at}/d/f`),
    })),
  ],
  ['a rename of a directory', ['e', 'new'], step((site, at) => site.move(`${at}/d/e`, `${at}/d/new`))],
  ['taking write bits off', ['f'], guarding(true)],
  ['giving write bits back', ['f'], guarding(false)],
];

const gone = (at: string) => fs.rmSync(at, { recursive: true, force: true });

/** Ways to swap `name` in the directory `d`. @param isSeen whether the step has looked at anything yet. */
const swaps: [string, (d: string, outside: string, name: string, isSeen: boolean) => void][] = [
  [
    'swapped for a link to outside',
    (d, outside, name) => {
      gone(path.join(d, name));
      fs.symlinkSync(path.join(outside, name), path.join(d, name));
    },
  ],
  [
    'swapped for a second name of a file outside',
    (d, outside, name, isSeen) => {
      // One that was there before is as good a file of the root as any.
      if (!isSeen || !fs.lstatSync(path.join(outside, name)).isFile()) return;
      gone(path.join(d, name));
      fs.linkSync(path.join(outside, name), path.join(d, name));
    },
  ],
  [
    'in a directory swapped for a link to outside',
    (d, outside) => {
      fs.renameSync(d, `${d}.old`);
      fs.symlinkSync(outside, d);
    },
  ],
];

/** Runs steps, and swaps something just before their n-th system call. */
class Swapping {
  private calls = 0;
  private isSeen = false;
  private at = 0;
  private swap: (isSeen: boolean) => void = () => {};

  constructor(knowsLinks: boolean) {
    vi.spyOn(fs, 'fsync').mockImplementation((_, done) => done(null));
    for (const name of CALLS) {
      const real = fs[name] as (...args: unknown[]) => unknown;
      const spied = (...args: unknown[]) => {
        if (this.at === 0) return real(...args);
        this.before(name);
        if (name === 'fsyncSync') return undefined; // it would only take time
        if (name === 'linkSync' && !knowsLinks) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
        return real(...args);
      };
      vi.spyOn(fs, name as 'openSync').mockImplementation(spied as never);
    }
  }

  private before(name: string): void {
    if (++this.calls === this.at) {
      const { at } = this;
      this.at = 0;
      this.swap(this.isSeen);
      this.at = at;
    }
    this.isSeen ||= name === 'lstatSync' || name === 'fstatSync';
  }

  /** @returns whether it came to an n-th call. */
  run(act: () => unknown, n: number, swap: (isSeen: boolean) => void): boolean {
    Object.assign(this, { calls: 0, isSeen: false, at: n, swap });
    try {
      act();
    } catch (error) {
      expect(outcomeOf(error).kind).toMatch(/^(stale|problem)$/);
    }
    this.at = 0;
    return this.calls >= n;
  }
}

/** One step with one name swapped in one way, before each of its calls; in the short form not before all of them. */
interface Row {
  readonly what: string;
  readonly begin: Step;
  readonly swap: (d: string, outside: string, isSeen: boolean) => void;
  readonly stride: number;
}

const rowsOf = (all: readonly (typeof steps)[number][]): Row[] =>
  all.flatMap(([what, names, begin]) =>
    names.flatMap((name) =>
      swaps.map(([how, swap], way) => ({
        what: `${what}, ${name} ${how}`,
        begin,
        swap: (d, outside, isSeen) => swap(d, outside, name, isSeen),
        stride: way === 0 ? 1 : sized(3, 1),
      })),
    ),
  );

const keeping = steps.filter(([what]) => /modification|conflict|place|over/.test(what));

test.each([
  ['with second names', true, steps],
  ['that knows no second names', false, keeping],
] as const)(
  'SCENARIO 40: nothing outside changes, on a file system %s',
  async (_, knowsLinks, all) => {
    const outside = makeOutside();
    const before = stateOf(outside);
    const site = await DiskSite.open(Object.fromEntries(Array.from({ length: CASES }, (_, n) => [`x${n}`, TREE])));
    const swapping = new Swapping(knowsLinks);
    let used = 0;
    for (const { what, begin, swap, stride } of rowsOf(all)) {
      let n = 1;
      for (let came = true; came; n += stride) {
        const at = `x${used++}`;
        const act = await begin(site, at);
        came = swapping.run(act, n, (isSeen) => swap(site.at(`${at}/d`), outside, isSeen));
        expect(stateOf(outside), `${what} before call ${n}`).toEqual(before);
      }
      expect(n, `${what} is a step`).toBeGreaterThan(5);
    }
  },
  60_000,
);

// SCENARIO 40: somebody replaces the path of a step by a link just before one of its system calls: before the first,
// the second, and so on, until the step has no more. Files outside the root keep every bit.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { FileEntry } from '../../../src/core/entry.js';
import { Guard } from '../../../src/disk/apply/guard.js';
import { GuardRecords } from '../../../src/disk/apply/guard-records.js';
import { carryOut, publishFile } from '../../../src/disk/apply/step.js';
import { Parents } from '../../../src/disk/fs/parents.js';
import { SealedFile } from '../../../src/disk/state/sealed-file.js';
import { silent } from '../../../src/log.js';
import { DiskSite, dir, file, link, p } from '../../support/disk-site.js';
import { sized } from '../../support/sizes.js';
import { Swapping, stateOf } from '../../support/swapping.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

/** What each case has in the root. */
const TREE = { d: { f: 'old', e: {}, 'some more': 'x' }, h: 'move me' };
const OUTSIDE = { f: 'OLD', e: {}, new: 'secret', copy: 'secret' };
/** More than the number of system calls of all steps, times the ways to swap. */
const CASES = sized(750, 2_000);

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

/** Prepares a step in the directory `at` of the tree. @returns what carries it out. */
type Step = (context: DiskSite, at: string) => Promise<() => unknown>;

const step =
  (change: (context: DiskSite, at: string) => Change): Step =>
  async (context, at) => {
    const planned = change(context, at);
    return () => within(context, (parents) => carryOut(context.context(parents), planned));
  };

const publishing =
  (change: (context: DiskSite, at: string) => Change): Step =>
  async (context, at) => {
    const planned = change(context, at);
    const staged = context.staging.begin(planned.after as FileEntry);
    await staged.write(Buffer.from('new'), true);
    await staged.flush();
    return () => {
      try {
        within(context, (parents) => publishFile(context.context(parents), planned, staged));
      } finally {
        staged.discard();
      }
    };
  };

function within(context: DiskSite, act: (parents: Parents) => unknown): void {
  const parents = new Parents(context.root);
  try {
    act(parents);
  } finally {
    parents.close();
  }
}

const guarding =
  (on: boolean): Step =>
  async (context, at) => {
    const records = new GuardRecords(new SealedFile(context.at(`.lockstep/guarded-${at}.json`)), null);
    const guard = new Guard(context.root, records, context.scanner, silent);
    if (!on) guard.set([p(`${at}/d/f`)], true);
    return () => guard.set([p(`${at}/d/f`)], on);
  };

const metadata = { action: 'metadata' } as const;
const open = (content: string) => file(content, { mode: 0o777 });

/** The steps, each with the names in `d` that it uses. */
const steps: [string, string[], Step][] = [
  ['a creation', ['new'], publishing((context, at) => context.change(`${at}/d/new`, file('new')))],
  ['a creation of a link', ['new'], step((context, at) => context.change(`${at}/d/new`, link('f')))],
  ['a creation of a directory', ['new'], step((context, at) => context.change(`${at}/d/new`, dir(0o777)))],
  ['a modification', ['f'], publishing((context, at) => context.change(`${at}/d/f`, file('new')))],
  [
    'a conflict copy',
    ['f', 'copy'],
    publishing((context, at) => context.change(`${at}/d/f`, file('new'), { conflictCopy: p(`${at}/d/copy`) })),
  ],
  ['a link in the place of a file', ['f'], step((context, at) => context.change(`${at}/d/f`, link('e')))],
  ['a directory in the place of a file', ['f'], step((context, at) => context.change(`${at}/d/f`, dir(0o777)))],
  ['a deletion', ['f'], step((context, at) => context.change(`${at}/d/f`, null))],
  ['a removal of a directory', ['e'], step((context, at) => context.change(`${at}/d/e`, null))],
  ['metadata', ['f'], step((context, at) => context.change(`${at}/d/f`, open('old'), metadata))],
  ['metadata of a directory', ['e'], step((context, at) => context.change(`${at}/d/e`, dir(0o777), metadata))],
  ['a rename in it', ['f', 'new'], step((context, at) => context.move(`${at}/d/f`, `${at}/d/new`, open('old')))],
  ['a rename out of it', ['f'], step((context, at) => context.move(`${at}/d/f`, `${at}/g`, open('old')))],
  ['a rename into it', ['new'], step((context, at) => context.move(`${at}/h`, `${at}/d/new`, open('move me')))],
  [
    'a rename over a file',
    ['f'],
    step((context, at) => ({
      ...context.move(`${at}/h`, `${at}/d/f`, open('move me')),
      before: context.seen(`${at}/d/f`),
    })),
  ],
  ['a rename of a directory', ['e', 'new'], step((context, at) => context.move(`${at}/d/e`, `${at}/d/new`))],
  ['taking write bits off', ['f'], guarding(true)],
  ['giving write bits back', ['f'], guarding(false)],
];

const gone = (at: string) => fs.rmSync(at, { recursive: true, force: true });

/** Ways to swap `name` in the directory `d`. @param isSeen whether the step has checked anything yet. */
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
      // A file that was there before is a valid file of the root.
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

/** One step with one name swapped in one way, before each of its calls; in the short form before some of them. */
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
        stride: way === 0 ? 1 : sized(6, 1),
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
    const context = await DiskSite.open(Object.fromEntries(Array.from({ length: CASES }, (_, n) => [`x${n}`, TREE])));
    const swapping = new Swapping(knowsLinks);
    let used = 0;
    for (const { what, begin, swap, stride } of rowsOf(all)) {
      let n = 1;
      for (let came = true; came; n += stride) {
        const at = `x${used++}`;
        const act = await begin(context, at);
        came = await swapping.run(act, n, (isSeen) => swap(context.at(`${at}/d`), outside, isSeen));
        expect(stateOf(outside), `${what} before call ${n}`).toEqual(before);
      }
      expect(n, `${what} is a step`).toBeGreaterThan(5);
    }
  },
  60_000,
);

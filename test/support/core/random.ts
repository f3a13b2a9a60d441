// Random trees and how long to play with them. FUZZ_RUNS sets the runs of each property, FUZZ_SEED replays: the seed
// stands in the name of every describe that uses it, and fast-check adds the path of what it shrank to.
import fc from 'fast-check';
import type { Entry } from '../../../src/core/entry.js';
import { comparePaths, type RelPath } from '../../../src/core/path.js';
import { below, file, lineage, put, type Tree } from './tree.js';

const asked = Number(process.env.FUZZ_RUNS ?? 0);

export const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

/** How a title names the seed. */
export const replay = `FUZZ_SEED=${seed}`;

/** @returns fast-check's parameters for a property that runs `few` times in the ordinary suite. */
export function runs(few: number): { seed: number; numRuns: number } {
  return { seed, numRuns: asked > 0 ? asked : few };
}

/** How long one property may take, in milliseconds. */
export const propertyMs = asked > 0 ? 3_600_000 : 20_000;

/** Three names only, so that files and directories of one name meet. */
const NAMES = ['x', 'y', 'z'];
const MODES = [0o644, 0o600, 0o755];
const TIMES = [1, 2, 3];
const WORDS = ['', '1', '2', '3', '4'];

/** One thing that a user does. `pick` chooses among what is there, so that edits and moves mostly hit. */
type Deed =
  | {
      readonly kind: 'write';
      readonly path: RelPath;
      readonly word: string;
      readonly time: number;
      readonly mode: number;
    }
  | { readonly kind: 'edit'; readonly pick: number; readonly word: string; readonly time: number }
  | { readonly kind: 'link'; readonly path: RelPath; readonly target: string }
  | { readonly kind: 'mkdir'; readonly path: RelPath; readonly mode: number }
  | { readonly kind: 'delete'; readonly pick: number }
  | { readonly kind: 'chmod'; readonly pick: number; readonly mode: number }
  | { readonly kind: 'touch'; readonly pick: number; readonly time: number }
  | { readonly kind: 'move'; readonly pick: number; readonly to: RelPath };

export type Deeds = readonly Deed[];

const pick = fc.nat({ max: 1000 });
const word = fc.constantFrom(...WORDS);
const mode = fc.constantFrom(...MODES);
const time = fc.constantFrom(...TIMES);

/** A path of one to four names, short ones more often. */
export const path = fc
  .tuple(fc.constantFrom(1, 1, 1, 2, 2, 2, 3, 4), fc.array(fc.constantFrom(...NAMES), { minLength: 4, maxLength: 4 }))
  .map(([depth, names]) => names.slice(0, depth).join('/') as RelPath);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), path, word, time, mode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('edit' as const), pick, word, time }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link' as const), path, target: fc.constantFrom('x', 'y') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mkdir' as const), path, mode }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('chmod' as const), pick, mode }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const), pick, time }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), pick, to: path }) },
);

export const deeds = (most: number): fc.Arbitrary<Deeds> => fc.array(deed, { maxLength: most });

/** The archive, and what each side has done since: sides that have a past in common. */
export const threeTrees = fc.tuple(deeds(12), deeds(5), deeds(5)).map(([past, byA, byB]) => {
  const archive = after(new Map(), past);
  return { archive, a: after(archive, byA), b: after(archive, byB) };
});

/** @returns the tree in which all of `done` was done to `from`, which stays as it is. */
export function after(from: Tree, done: Deeds): Tree {
  const made = new Map(from);
  for (const one of done) act(made, one);
  return made;
}

function act(at: Tree, one: Deed): void {
  if (one.kind === 'write') put(at, one.path, file(one.word, one.time, one.mode));
  else if (one.kind === 'link') put(at, one.path, { type: 'symlink', target: one.target, mtime: 1 });
  else if (one.kind === 'mkdir') put(at, one.path, { type: 'dir', mode: one.mode });
  else {
    const there = [...at.keys()].sort(comparePaths);
    const chosen = there[one.pick % Math.max(there.length, 1)];
    if (chosen !== undefined) actOn(at, one, chosen, at.get(chosen)!);
  }
}

function actOn(at: Tree, one: Deed, chosen: RelPath, entry: Entry): void {
  if (one.kind === 'delete') put(at, chosen, null);
  else if (one.kind === 'move') move(at, chosen, one.to);
  else if (one.kind === 'chmod' && entry.type !== 'symlink') put(at, chosen, { ...entry, mode: one.mode });
  else if (entry.type !== 'file') return;
  else if (one.kind === 'touch') put(at, chosen, { ...entry, mtime: one.time });
  else if (one.kind === 'edit') put(at, chosen, file(one.word, one.time, entry.mode));
}

function move(at: Tree, from: RelPath, to: RelPath): void {
  if (lineage(to).includes(from) || lineage(from).includes(to)) return;
  const moved = [from, ...below(at, from)].map((path) => [path, at.get(path)!] as const);
  put(at, from, null);
  put(at, to, null);
  for (const [path, entry] of moved) put(at, to + path.slice(from.length), entry);
}

// Which directories `lockstep doctor` looks at: those that are named, those of a named pair, the one that it is started
// in, or those of every remembered pair.
import fs from 'node:fs';
import path from 'node:path';
import { STATE_DIR } from '../../core/path.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';
import { pairNamed, type RememberedPair, readPairs } from '../up/config.js';
import { remotePlace } from '../up/place.js';

/** What to look at. */
interface Places {
  /** Directories of this machine, absolute. */
  readonly directories: readonly string[];
  /** Directories of other machines, `HOST:DIR`. */
  readonly elsewhere: readonly string[];
  /** The remembered pairs that they belong to. */
  readonly pairs: readonly (readonly [name: string, pair: RememberedPair])[];
}

/** What was typed. */
interface Asked {
  readonly directories: readonly string[];
  readonly pair: string | undefined;
  readonly cwd: string;
}

/** @throws SyncError `usage` for a pair that there is not, or where both a pair and directories are named. */
export function placesOf({ directories, pair, cwd }: Asked, env: Env): Places {
  if (pair !== undefined) {
    if (directories.length > 0) throw usageError('--pair and directories both say where to look.', 'Give one of them.');
    return ofPairs([[pair, pairNamed(env, pair)]]);
  }
  const pairs = knownPairs(env);
  const named = directories.map((dir) => path.resolve(cwd, dir));
  if (named.length > 0) return { directories: named, elsewhere: [], pairs: pairsWith(pairs, named) };
  const root = rootAbove(cwd);
  const own = root === null ? pairs : pairsWith(pairs, [root]);
  if (own.length > 0) return ofPairs(own);
  return { directories: root === null ? defaultsIn(cwd) : [root], elsewhere: [], pairs: [] };
}

type Pairs = Places['pairs'];

/** A file that cannot be read is a finding of its own, and no pair is known then. */
function knownPairs(env: Env): Pairs {
  try {
    return [...readPairs(env)];
  } catch {
    return [];
  }
}

const pairsWith = (pairs: Pairs, directories: readonly string[]): Pairs =>
  pairs.filter(([, { dir, other }]) => directories.includes(dir) || directories.includes(other));

function ofPairs(pairs: Pairs): Places {
  const all = [...new Set(pairs.flatMap(([, { dir, other }]) => [dir, other]))];
  const isElsewhere = (place: string): boolean => remotePlace(place) !== null;
  return { directories: all.filter((one) => !isElsewhere(one)), elsewhere: all.filter(isElsewhere), pairs };
}

/** @returns the synchronised directory in or below which `from` lies. */
function rootAbove(from: string): string | null {
  for (let at = from; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, STATE_DIR, 'identity.json'))) return at;
    if (at === path.dirname(at)) return null;
  }
}

/** The directories that the servers take where none is named. */
const defaultsIn = (cwd: string): string[] =>
  ['directory_a', 'directory_b'].map((name) => path.join(cwd, name)).filter((dir) => fs.existsSync(dir));

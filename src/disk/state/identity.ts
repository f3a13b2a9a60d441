// The identity of a root: an id that is made once and kept in ROOT/.lockstep/identity.json. A root with another id or
// none is another root, whatever its path and inode.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { STATE_DIR } from '../../core/path.js';
import { ANEW, type StateFiles } from './files.js';

const FORMAT = 1;
/** How many former ids are kept. */
const MAX_FORMER = 8;

/** @returns the path of the identity file of `root`. */
export const identityFile = (root: string): string => path.join(root, STATE_DIR, 'identity.json');

/**
 * @returns the id in `file`; null where it holds no valid one.
 * @throws the system's error where it cannot be read.
 */
export function readIdentity(file: string): string | null {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return parsed(JSON.parse(text))?.id ?? null;
  } catch {
    return null;
  }
}

const id = v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/));
/** Of what is not valid beside the id, nothing is known. */
const identity = v.object({
  format: v.literal(FORMAT),
  id,
  inode: v.fallback(v.nullable(v.number()), null),
  former: v.fallback(v.array(v.unknown()), []),
});

/** @returns whether this version understands the value of an identity file. */
export const isIdentity = (value: unknown): boolean => parsed(value) !== null;

/** @returns what a valid identity file says; null where it is none. */
function parsed(value: unknown): v.InferOutput<typeof identity> | null {
  const { success, output } = v.safeParse(identity, value);
  return success ? output : null;
}

/**
 * @param root absolute real path, as `openRoot` returns it.
 * @returns the ids of all roots that contain `root`, the nearest first.
 */
export function idsAbove(root: string): string[] {
  const ids: string[] = [];
  for (let at = path.dirname(root), last = root; at !== last; last = at, at = path.dirname(at)) {
    const id = idOf(at);
    if (id !== null) ids.push(id);
  }
  return ids;
}

/** @returns null also where the identity cannot be read: it is not a root of this user. */
function idOf(root: string): string | null {
  try {
    return readIdentity(identityFile(root));
  } catch {
    return null;
  }
}

/** The identity of a root that is being opened. */
export interface Identity {
  readonly id: string;
  /** The ids that the root had before its state was lost, the latest last. */
  readonly former: readonly string[];
  /** Whether the root had no id, or one that is not its own. */
  readonly isNew: boolean;
  /** Whether it had an id that is gone or damaged. */
  readonly isLost: boolean;
  /** Gives the root a new id: from now on it is another root. */
  renew(): void;
}

/**
 * Reads the identity of `root`, or makes one.
 * @param copied called where the root is a copy of another one.
 * @throws the system's error where it cannot be read or written.
 */
export function openIdentity(root: string, files: StateFiles, copied: () => void): Identity {
  const { file, value, isLost } = files.openSealed('identity.json', (one) => parsed(one) !== null, ANEW);
  const found = parsed(value);
  const known = found?.id ?? null;
  const isCopied = found !== null && isCopyOf(root, found.inode);
  if (isCopied) copied();
  let former = found?.former.filter((one) => v.is(id, one)) ?? [];
  // A copy keeps the id of its original as a former one: it may be an older state of the same root.
  if (known !== null && isCopied) former = [...former, known].slice(-MAX_FORMER);
  const make = () => {
    const made = randomUUID();
    const inode = fs.statSync(root).ino;
    file.write({ format: FORMAT, id: made, inode, created: new Date().toISOString(), former });
    return made;
  };
  let present = known === null || isCopied ? make() : known;
  return {
    get id() {
      return present;
    },
    get former() {
      return former;
    },
    isNew: known === null || isCopied,
    isLost,
    renew: () => {
      former = [...former, present].slice(-MAX_FORMER);
      present = make();
    },
  };
}

/**
 * Whether `root` is a copy of the directory with the inode number `inode`, for example a restored backup: then it does
 * not hold what both sides have shared since.
 */
const isCopyOf = (root: string, inode: number | null): boolean => inode !== null && inode !== fs.statSync(root).ino;

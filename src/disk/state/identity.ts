// Which root this is: an id made once, in ROOT/.lockstep/identity.json. A root with another id, or without any, is
// another root, whatever its name and its place on the disk.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { STATE_DIR } from '../../core/path.js';
import { ANEW, type StateFiles } from './files.js';

const FORMAT = 1;
const ID = /^[0-9a-f-]{36}$/;
/** Former ids that are remembered. */
const MAX_FORMER = 8;

/** @returns where the identity of `root` lies. */
export const identityFile = (root: string): string => path.join(root, STATE_DIR, 'identity.json');

/**
 * @returns the id in `file`, null where it holds none that is sound.
 * @throws the system's error where it cannot be read.
 */
export function readIdentity(file: string): string | null {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return soundId(JSON.parse(text) as Value);
  } catch {
    return null;
  }
}

type Value = Readonly<Record<string, unknown>>;

const soundId = (value: Value | null): string | null =>
  value?.format === FORMAT && typeof value.id === 'string' && ID.test(value.id) ? value.id : null;

/**
 * @param root absolute and without links, as `openRoot` gives it.
 * @returns the ids of the roots in which `root` lies, whoever has them.
 */
export function idsAbove(root: string): string[] {
  const ids: string[] = [];
  for (let at = path.dirname(root), last = root; at !== last; last = at, at = path.dirname(at)) {
    const id = idOf(at);
    if (id !== null) ids.push(id);
  }
  return ids;
}

/** What cannot be read is no root of this user's. */
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
  /** The ids that the root had before what was known of it was lost, the latest last. */
  readonly former: readonly string[];
  /** Whether the root had none, or one that is not to be believed. */
  readonly isNew: boolean;
  /** Whether it had one, and that is gone or damaged. */
  readonly isLost: boolean;
  /** Makes the root another root from now on. */
  renew(): void;
}

/**
 * Reads the identity of `root`, or makes one.
 * @param copied told that the root is a copy of another one.
 * @throws the system's error where it cannot be read or written.
 */
export function openIdentity(root: string, files: StateFiles, copied: () => void): Identity {
  const { file, value, isLost } = files.openSealed('identity.json', (one) => soundId(one) !== null, ANEW);
  const known = soundId(value);
  const isCopied = known !== null && isCopyOf(root, value?.inode);
  if (isCopied) copied();
  let former = known === null ? [] : formerIdsIn(value);
  // A copy tells what it is one of: an older state of the root, perhaps.
  if (known !== null && isCopied) former = [...former, known].slice(-MAX_FORMER);
  const make = () => {
    const made = randomUUID();
    const inode = fs.statSync(root).ino;
    file.write({ format: FORMAT, id: made, inode, created: new Date().toISOString(), former });
    return made;
  };
  let id = known === null || isCopied ? make() : known;
  return {
    get id() {
      return id;
    },
    get former() {
      return former;
    },
    isNew: known === null || isCopied,
    isLost,
    renew: () => {
      former = [...former, id].slice(-MAX_FORMER);
      id = make();
    },
  };
}

const formerIdsIn = (value: Value | null): string[] =>
  Array.isArray(value?.former) ? value.former.filter((id) => typeof id === 'string' && ID.test(id)) : [];

/**
 * Whether `root` is a copy of the one that had the inode number `inode` (a backup that was put back, for example): what was
 * shared with the other side since then is not what it holds.
 */
const isCopyOf = (root: string, inode: unknown): boolean =>
  typeof inode === 'number' && inode !== fs.statSync(root).ino;

// Where the server of a root answers clients, kept in ROOT/.lockstep/address.json while it runs: a client that is
// started in or below a synchronised directory finds its pair and its side by it. A file that a killed server left may
// name an address where another pair answers by now: the client says which root it means, and the server compares.
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { type Side, STATE_DIR } from '../../core/path.js';
import { replaceFile } from '../fs/whole-file.js';
import { identityFile, readIdentity } from './identity.js';

/** The pair of a directory. */
interface PairAddress {
  /** HOST:PORT of a server of the pair. */
  readonly address: string;
  /** The side whose directory it is. */
  readonly side: Side;
}

/** A pair that a directory names. */
export interface FoundPair extends PairAddress {
  /** The id of the directory's root. */
  readonly root: string;
  /** The user who owns the file that names the pair. */
  readonly uid: number;
}

const schema = v.object({ version: v.literal(1), address: v.string(), side: v.picklist(['a', 'b']) });
const MAX_BYTES = 4096;

/**
 * @param root path of a root whose state directory is open.
 * @param warn says why it cannot be written: no server fails for that.
 */
export function writeAddress(root: string, pair: PairAddress, warn: (text: string) => void): void {
  const write = () => replaceFile(fileOf(root), `${JSON.stringify({ version: 1, ...pair })}\n`);
  attempt(write, `Clients in ${root} need --server ${pair.address}`, warn);
}

/**
 * Forgets the address; without a file nothing happens.
 * @param warn says why it cannot be removed.
 */
export function removeAddress(root: string, warn: (text: string) => void): void {
  attempt(() => fs.rmSync(fileOf(root), { force: true }), `${fileOf(root)} cannot be removed`, warn);
}

function attempt(act: () => void, otherwise: string, warn: (text: string) => void): void {
  try {
    act();
  } catch (error) {
    warn(`${otherwise}: ${(error as Error).message}`);
  }
}

/**
 * @param from absolute path of a directory.
 * @returns the pair of the nearest root at or above it; null where there is none whose server runs.
 */
export function findAddress(from: string): FoundPair | null {
  for (let directory = from; ; directory = path.dirname(directory)) {
    const found = readAddress(directory);
    if (found !== null || directory === path.dirname(directory)) return found;
  }
}

function readAddress(directory: string): FoundPair | null {
  try {
    const { uid } = fs.lstatSync(fileOf(directory));
    const text = fs.readFileSync(fileOf(directory), 'utf8');
    const { address, side } = v.parse(schema, JSON.parse(text.slice(0, MAX_BYTES)));
    const root = readIdentity(identityFile(directory));
    return root === null ? null : { address, side, root, uid };
  } catch {
    return null; // not a root, or none that this version knows
  }
}

const fileOf = (root: string): string => path.join(root, STATE_DIR, 'address.json');

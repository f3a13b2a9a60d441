// Where the server-a of a root answers clients, kept in ROOT/.lockstep/address.json while it runs: a client that is
// started in or below a synchronised directory finds its pair and its side by it. A file that a killed server left names
// an address where nobody answers.
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { type Side, STATE_DIR } from '../../core/path.js';
import { replaceFile } from '../fs/whole-file.js';

/** The pair of a directory. */
export interface PairAddress {
  /** HOST:PORT of server-a. */
  readonly address: string;
  /** The side whose directory it is. */
  readonly side: Side;
}

const schema = v.object({ version: v.literal(1), address: v.string(), side: v.picklist(['a', 'b']) });
const MAX_BYTES = 4096;

/** @param root absolute path of a root whose state directory is open. */
export function writeAddress(root: string, pair: PairAddress): void {
  replaceFile(fileOf(root), `${JSON.stringify({ version: 1, ...pair })}\n`);
}

/** Forgets the address; without a file nothing happens. */
export function removeAddress(root: string): void {
  fs.rmSync(fileOf(root), { force: true });
}

/**
 * @param from absolute path of a directory.
 * @returns the pair of the nearest root at or above it; null where there is none whose server runs.
 */
export function findAddress(from: string): PairAddress | null {
  for (let directory = from; ; directory = path.dirname(directory)) {
    const found = readAddress(directory);
    if (found !== null || directory === path.dirname(directory)) return found;
  }
}

function readAddress(root: string): PairAddress | null {
  try {
    const text = fs.readFileSync(fileOf(root), 'utf8');
    const { address, side } = v.parse(schema, JSON.parse(text.slice(0, MAX_BYTES)));
    return { address, side };
  } catch {
    return null; // not a root, or none that this version knows
  }
}

const fileOf = (root: string): string => path.join(root, STATE_DIR, 'address.json');

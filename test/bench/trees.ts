// The trees that are synchronised, the same ones in every run, and whether two of them are equal.
import { createHash, randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

const KIB = 1024;
const SMALLEST = 1 * KIB;
const LARGEST = 8 * KIB;
const FILES_A_DIRECTORY = 100;
/** rsync takes a file of the same size and second for the same: what is changed later must not look as it did. */
const MADE_AT = 1_500_000_000;
const PIECE = 4 << 20;

const stock = randomFillSync(Buffer.alloc(1 << 20));

/** @returns the name of the n-th file of a tree. */
export function nameOf(n: number): string {
  const directory = Math.floor(n / FILES_A_DIRECTORY);
  return `d${String(directory).padStart(4, '0')}/f${String(n).padStart(6, '0')}`;
}

/** @returns a content of 1 to 8 KiB that no other number has; the same number has the same size. */
export function contentOf(n: number, size = sizeOf(n)): Buffer {
  const from = (n * 4_099) % (stock.length - LARGEST);
  const content = Buffer.from(stock.subarray(from, from + size));
  content.writeDoubleLE(n, 0);
  return content;
}

/** Spreads the sizes evenly, in no order. */
function sizeOf(n: number): number {
  return SMALLEST + ((n * 2_654_435_761) % (LARGEST - SMALLEST + 1));
}

/** Makes `files` files of 1 to 8 KiB below `root`, 100 in each directory. Signals are heard meanwhile. */
export async function makeTree(root: string, files: number): Promise<void> {
  for (let n = 0; n < files; n++) {
    const file = path.join(root, nameOf(n));
    if (n % FILES_A_DIRECTORY === 0) {
      await turn();
      fs.mkdirSync(path.dirname(file), { recursive: true });
    }
    fs.writeFileSync(file, contentOf(n));
    fs.utimesSync(file, MADE_AT, MADE_AT);
  }
}

/** What programs keep for themselves in a tree. */
const OWN = /^\.(?:lockstep|stfolder|stversions|unison.*)$/;

/** Signals are heard meanwhile. @throws where two trees differ in names, kinds, sizes or contents. */
export async function checkEqualTrees(x: string, y: string): Promise<void> {
  const [left, right] = [entriesOf(x), entriesOf(y)];
  for (const [name, kind] of left) {
    if (kind === 'directory') await turn();
    if (right.get(name) !== kind) throw new Error(`${name} is ${kind} in ${x} and ${right.get(name)} in ${y}`);
    right.delete(name);
    if (kind.startsWith('file')) checkEqualFiles(path.join(x, name), path.join(y, name));
  }
  const [more] = right.keys();
  if (more !== undefined) throw new Error(`${more} is in ${y}, but not in ${x}`);
}

/** @returns what two trees differ in by names, kinds, sizes and modification times; null where they are alike. */
export function firstDifference(x: string, y: string): string | null {
  const [left, right] = [entriesOf(x, true), entriesOf(y, true)];
  for (const [name, kind] of left) if (right.get(name) !== kind) return name;
  for (const name of right.keys()) if (!left.has(name)) return name;
  return null;
}

function entriesOf(root: string, withTimes = false): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (below: string) => {
    for (const name of fs.readdirSync(path.join(root, below))) {
      if (OWN.test(name)) continue;
      const at = path.join(below, name);
      const stats = fs.lstatSync(path.join(root, at), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      if (stats.isDirectory()) {
        found.set(at, 'directory');
        walk(at);
      } else if (stats.isSymbolicLink()) found.set(at, `link to ${fs.readlinkSync(path.join(root, at))}`);
      else found.set(at, `file of ${stats.size} bytes${withTimes ? ` of ${Math.floor(stats.mtimeMs / 1000)}` : ''}`);
    }
  };
  walk('');
  return found;
}

function checkEqualFiles(x: string, y: string): void {
  if (digestOf(x) !== digestOf(y)) throw new Error(`${x} and ${y} differ`);
}

function digestOf(file: string): string {
  const hash = createHash('sha256');
  const fd = fs.openSync(file, 'r');
  try {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, fs.fstatSync(fd).size + 1));
    for (;;) {
      const bytes = fs.readSync(fd, piece);
      if (bytes === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** @returns the bytes of all files below a directory. */
export function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const entry of fs.readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += fs.statSync(path.join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

/** Copies `from` to `to` with `front` before it. */
export function copyBehind(front: Buffer, from: string, to: string): void {
  const [source, target] = [fs.openSync(from, 'r'), fs.openSync(to, 'wx')];
  fs.writeSync(target, front);
  const piece = Buffer.allocUnsafe(PIECE);
  for (;;) {
    const bytes = fs.readSync(source, piece);
    if (bytes === 0) break;
    fs.writeSync(target, piece, 0, bytes);
  }
  fs.closeSync(source);
  fs.closeSync(target);
}

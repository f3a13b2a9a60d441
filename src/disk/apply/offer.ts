// What a side already has of a content that it is to receive: the part that an interrupted transfer left, and the basis
// file (the file to be replaced) as checksums of its blocks, as in rsync.

import fs from 'node:fs';
import { type Change, contentOf } from '../../core/change.js';
import { coarseBlockBytes, isBasisSize, isWorthAsking, type Range } from '../../core/delta.js';
import type { FileEntry } from '../../core/entry.js';
import { nameOf, parentOf, type RelPath } from '../../core/path.js';
import type { BasisFile, Offer } from '../../replica.js';
import { readSums, recallSums } from '../fs/block-sums.js';
import type { Root } from '../fs/parents.js';
import { Parents } from '../fs/parents.js';
import type { Scanner } from '../scan/scanner.js';
import type { Staging } from '../staging/staging.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** Where an offer is taken from. */
interface OfferSources {
  /** Absolute real path of the root. */
  readonly root: string | Root;
  readonly scanner: Scanner;
  readonly staging: Staging;
}

/** @returns what is here of the content that `change` brings; null where nothing would save a transfer. */
export function offerFor(sources: OfferSources, change: Change): Offer | null {
  const file = contentOf(change);
  if (file === null || !isWorthAsking(change) || sources.staging.distrusts(file)) return null;
  const have = sources.staging.lengthOf(file);
  const { path, before } = change;
  const base = before?.type === 'file' && isBasisSize(before.size) ? new LocalBasis(sources, path, before) : null;
  return have === 0 && base === null ? null : { have, base };
}

/** The present file at a path, as the basis of a transfer. */
class LocalBasis implements BasisFile {
  readonly #sources: OfferSources;
  readonly #path: RelPath;
  readonly #file: FileEntry;

  constructor(sources: OfferSources, path: RelPath, file: FileEntry) {
    this.#sources = sources;
    this.#path = path;
    this.#file = file;
  }

  get size(): number {
    return this.#file.size;
  }

  get hash(): string {
    return this.#file.hash;
  }

  async sums(blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array | null> {
    const { hash, size } = this.#file;
    const [first] = ranges;
    const isWhole = ranges.length === 1 && first?.at === 0 && first.bytes === size;
    const known = isWhole && blockBytes === coarseBlockBytes(size) ? recallSums(hash, blockBytes) : null;
    return known ?? this.#read(blockBytes, ranges);
  }

  /** RACE: the file may change after this; the hash of the received content finds that out. */
  async #read(blockBytes: number, ranges: readonly Range[]): Promise<Uint32Array | null> {
    const parents = new Parents(this.#sources.root);
    let fd = -1;
    try {
      const absolute = parents.at(parentOf(this.#path), nameOf(this.#path));
      if (!this.#sources.scanner.matches(this.#path, this.#file, absolute)) return null;
      fd = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      return await readSums(fd, blockBytes, ranges);
    } catch {
      return null; // gone or unreadable: the content is sent whole, and the apply says what is wrong
    } finally {
      if (fd >= 0) fs.closeSync(fd);
      parents.close();
    }
  }
}

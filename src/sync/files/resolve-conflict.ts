// Lists conflict copies for clients and resolves them by client writes on side a. `core/conflicts/resolve` decides what
// is kept; this module finds the copies and reads the contents.

import { advise } from '../../core/advice.js';
import { contentOf } from '../../core/change.js';
import type { ConflictCopy } from '../../core/conflicts/copy-name.js';
import { byAge, isConflictCopy, isCopyOf, originalName, parseCopy } from '../../core/conflicts/copy-name.js';
import { type Keep, type Resolution, resolution } from '../../core/conflicts/resolve.js';
import { mtimeOf, sizeOf } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import type { ListedFile } from '../../core/listing.js';
import { comparePaths, parentOf, quote, type RelPath } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Acted, ConflictRow } from '../../wire/client-api/methods.js';
import { iso } from '../locks/lock-service.js';
import type { Pair } from '../pair/pair.js';
import type { ClientWrites } from './write-queue.js';

interface ResolvingContext {
  readonly pair: Pair;
  readonly writes: ClientWrites;
  readonly local: Pick<Replica, 'read'>;
  /** The files of both sides, in the order of the listing. */
  readonly files: () => readonly ListedFile[];
}

interface Copy extends ConflictCopy {
  readonly original: RelPath;
}

/** Lists and resolves conflict copies. */
export class Resolving {
  readonly #context: ResolvingContext;

  constructor(context: ResolvingContext) {
    this.#context = context;
  }

  /** @returns every conflict copy: those of one file together, the oldest first. */
  conflicts(): ConflictRow[] {
    const files = new Map(this.#context.files().map((file) => [file.path, file]));
    return this.#copies().map(({ path: copy, side, stamp, original }) => {
      const { entry, on } = files.get(copy)!;
      const there = files.get(original);
      return {
        path: original,
        copy,
        side,
        time: iso(timeOf(stamp)),
        size: sizeOf(entry),
        mtime: iso(mtimeOf(entry) / 1000),
        on,
        original: there === undefined ? null : { size: sizeOf(there.entry), mtime: iso(mtimeOf(there.entry) / 1000) },
      };
    });
  }

  #copies(): Copy[] {
    const files = this.#context.files();
    const all = files.flatMap(({ path }) => parseCopy(path) ?? []);
    const directories = new Set(all.map(({ path }) => parentOf(path)));
    const beside = files.filter(({ path }) => directories.has(parentOf(path)) && !isConflictCopy(path));
    const copies = all.map((copy) => ({ ...copy, original: originalOf(copy, beside) }));
    return copies.sort((x, y) => comparePaths(x.original, y.original) || byAge(x, y));
  }

  /**
   * Resolves the copies of the file at `path`, or the one copy at `path`.
   * @throws SyncError `not-found` where there is no copy or no content to keep; the refusals of client writes (see
   *   `ClientWrites.ask`).
   */
  async resolve(path: RelPath, keep: Keep, owner: string): Promise<Acted> {
    const meant = this.#copies().filter((copy) => copy.path === path || copy.original === path);
    const [first] = meant;
    if (first === undefined) throw noCopies(path);
    const { original } = first;
    const { pair, writes, local } = this.#context;
    let decided: Resolution | null = null;
    await writes.ask({
      owner,
      paths: [original, ...meant.map((copy) => copy.path)],
      decide: (at) => {
        const taken = (name: RelPath) =>
          pair.entry('a', name) !== null || pair.entry('b', name) !== null || writes.isClaimed(name);
        decided = resolution({ original, copies: meant, at, taken }, keep);
        const { from } = decided;
        return decided.steps.map((change) => {
          const file = contentOf(change);
          if (file === null || from === null) return { change };
          return { change, contents: () => local.read([{ path: from.path, file }]) };
        });
      },
    });
    const { from, removed, renamed } = decided!;
    return { path: original, changed: true, kept: keep, from: from?.path ?? null, removed, renamed };
  }
}

/**
 * The copy of a file with a very long name contains a shortened form of that name. Then the original is the file beside
 * it whose name begins so.
 */
function originalOf(copy: ConflictCopy, beside: readonly ListedFile[]): RelPath {
  const short = originalName(copy.path);
  if (copy.path.length < 150) return short;
  return beside.find(({ path }) => isCopyOf(copy, path))?.path ?? short;
}

/** @param stamp as in the name of a copy: local time of this machine. @returns milliseconds since 1970. */
function timeOf(stamp: string): number {
  const [day, time = ''] = stamp.split(' ');
  return new Date(`${day}T${time.replaceAll('-', ':')}`).getTime();
}

const noCopies = (path: RelPath): SyncError =>
  new SyncError('not-found', `There is no conflict copy of ${quote(path)}.`, {
    advice: advise`See: ${{ do: 'conflicts' }}`,
  });

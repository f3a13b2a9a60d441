// The folder guarantees: a change is applied only where the path is still what the decision was based on; nothing is
// overwritten or removed before its content has another name; an outcome `done` is durable. Changes run in their order:
//
//   for each change:
//     with content:     stage it, add it to the group; publish the group when it is full or the next piece is late
//     without content:  publish the group (the change may need its names), then take the step     step
//     before a step:    make the conflict copy that takes long                                    conflict-copies
//   publish: flush the staged files of the group together, then rename each to its path           step, keep-old
//   sync: flush the directories of all steps taken, each once, and what got another mode or time; then report their
//         outcomes as done

import type { Change, Outcome } from '../../core/change.js';
import { contentOf } from '../../core/change.js';
import { sameEntry } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { parentOf, type RelPath } from '../../core/path.js';
import type { Applied, Content } from '../../replica.js';
import { isFull, outcomeOf } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext, Step } from './context.js';
import { IncomingFile } from './incoming.js';
import { carryOut, publishFile } from './step.js';

/** A group is published when it has this many files or bytes, or when the next content has not arrived yet. */
const GROUP_FILES = 128;
const GROUP_BYTES = 8 << 20;

interface Staged {
  readonly n: number;
  readonly change: Change;
  readonly file: StagedFile;
  /** Bytes that were sent for it. */
  readonly sent: number;
}

/** A step that was taken and whose directories are not flushed yet. */
interface Taken {
  readonly n: number;
  readonly sent: number;
  readonly directories: readonly (RelPath | '')[];
  /** What got another mode or time; null where only names changed. */
  readonly inode: RelPath | null;
}

/**
 * Carries out `changes`.
 * @param contents pieces for those changes that carry content, in order.
 * @returns the outcome of each change, once it is durable.
 * @throws what `contents` throws, after the outcomes of everything that was complete by then.
 */
export async function* applyChanges(
  context: ApplyContext,
  changes: readonly Change[],
  contents: AsyncIterable<Content>,
): AsyncGenerator<Applied> {
  const work = new Application(context, contents[Symbol.asyncIterator]());
  try {
    for (const [n, change] of changes.entries()) {
      if (contentOf(change) === null) await work.step(n, change);
      else await work.content(n, change);
      yield* work.finished();
      if (work.broken !== null) break;
    }
    await work.publish();
    await work.syncDirectories();
    yield* work.finished();
    if (work.broken !== null) throw work.broken.error;
  } finally {
    await work.abandon();
  }
}

/** One call of `applyChanges`. */
class Application {
  readonly #context: ApplyContext;
  readonly #contents: AsyncIterator<Content>;

  #group: Staged[] = [];
  #groupBytes = 0;
  #contentCount = 0;
  /** The content that is being received. */
  #incoming: IncomingFile | null = null;
  /** Steps that are not durable yet: their directories have to be flushed. */
  #taken: Taken[] = [];
  #done: Applied[] = [];
  #next: Promise<IteratorResult<Content>> | null = null;
  /** Why the contents ended early. Complete contents are published all the same, and their outcomes reported. */
  broken: { readonly error: unknown } | null = null;

  constructor(context: ApplyContext, contents: AsyncIterator<Content>) {
    this.#context = context;
    this.#contents = contents;
  }

  /** @returns the outcomes since the last call. */
  finished(): Applied[] {
    const finished = this.#done;
    this.#done = [];
    return finished;
  }

  /** Takes a step that needs no content, after the group before it: the step may depend on its names. */
  async step(n: number, change: Change): Promise<void> {
    await this.publish();
    this.#context.parents.trim();
    await this.#act(n, change, 0, () => carryOut(this.#context, change));
    if (this.#taken.length >= GROUP_FILES) await this.syncDirectories();
  }

  /** Receives one file's content into the group. */
  async content(n: number, change: Change): Promise<void> {
    const index = this.#contentCount++;
    let failure: Outcome | null = null;
    for (let last = false; !last; ) {
      const piece = await this.#piece();
      if (this.broken !== null) return;
      if (piece === null || piece.n !== index || 'failed' in piece) {
        failure ??= piece !== null && 'failed' in piece ? piece.failed : { kind: 'stale' };
        break;
      }
      last = piece.last;
      failure ??= await this.#add(change, piece);
    }
    await this.#complete(n, change, failure);
  }

  /** Writes a piece of the present content. @returns why that failed; null where it did not. */
  async #add(change: Change, piece: Exclude<Content, { failed: unknown }>): Promise<Outcome | null> {
    try {
      this.#incoming ??= new IncomingFile(this.#context, change);
      await this.#incoming.take(piece);
      return null;
    } catch (error) {
      return this.#failure(error);
    }
  }

  async #complete(n: number, change: Change, failure: Outcome | null): Promise<void> {
    const incoming = this.#incoming;
    this.#incoming = null;
    if (failure === null && incoming?.isSound()) {
      const { staged: file, sent } = incoming;
      this.#group.push({ n, change, file, sent });
      this.#groupBytes += file.file.size;
      if (this.#group.length >= GROUP_FILES || this.#groupBytes >= GROUP_BYTES) await this.publish();
      return;
    }
    // The source may be able to read the rest later.
    if (failure?.kind === 'problem' && failure.code === 'unreadable') incoming?.leave();
    else incoming?.discard();
    this.#done.push({ n, outcome: failure ?? { kind: 'stale' } });
  }

  /** @returns the next piece; null at the end. While it has not arrived, the group is published. */
  async #piece(): Promise<Content | null> {
    this.#next ??= this.#contents.next();
    const here = () => true;
    const soon = await Promise.race([
      this.#next.then(here, here),
      new Promise<false>((resolve) => setImmediate(() => resolve(false))),
    ]);
    if (!soon) await this.publish();
    try {
      const { value, done } = await this.#next;
      return done ? null : value;
    } catch (error) {
      this.broken = { error };
      return null;
    } finally {
      this.#next = null;
    }
  }

  /** Flushes the contents of the group together, and renames each to its path. */
  async publish(): Promise<void> {
    if (this.#group.length === 0) return;
    const group = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    const flushed = await Promise.allSettled(group.map(({ file }) => file.flush()));
    this.#context.parents.refresh();
    for (const [i, { n, change, file, sent }] of group.entries()) {
      const flush = flushed[i]!;
      this.#context.parents.trim();
      await this.#act(n, change, sent, () => {
        if (flush.status === 'rejected') throw flush.reason;
        return publishFile(this.#context, change, file);
      });
      if (this.#taken.at(-1)?.n === n) file.published();
      else if (flush.status === 'rejected') file.discard();
      else file.leave();
    }
    await this.syncDirectories();
  }

  async #act(n: number, change: Change, sent: number, action: () => Step): Promise<void> {
    const { copies } = this.#context;
    try {
      await copies.prepare(change);
      const step = action();
      if (step !== 'done') {
        this.#done.push({ n, outcome: { kind: step } });
        return;
      }
      const directories = [parentOf(change.path)];
      if (change.from !== undefined) directories.push(parentOf(change.from.path));
      this.#taken.push({ n, sent, directories, inode: setsMetadata(change) ? change.path : null });
    } catch (error) {
      this.#done.push({ n, outcome: this.#failure(error) });
    } finally {
      copies.drop();
    }
  }

  /** Where the disk is full, deletes the partial files that are kept for later transfers. */
  #failure(error: unknown): Outcome {
    if (isFull(error)) this.#context.staging.makeRoom();
    return outcomeOf(error);
  }

  /** Makes names, modes and times of all steps taken durable, and reports them as done. */
  async syncDirectories(): Promise<void> {
    if (this.#taken.length === 0) return;
    const taken = this.#taken;
    this.#taken = [];
    const directories = [...new Set(taken.flatMap((step) => step.directories))];
    const inodes = taken.flatMap(({ inode }) => inode ?? []);
    const { parents } = this.#context;
    const failedDirectories = await this.#syncEach(directories, (directory) => parents.sync(directory));
    const failedInodes = await this.#syncEach(inodes, (path) => parents.syncInode(path));
    for (const { n, sent, directories, inode } of taken) {
      const failed = directories.map((directory) => failedDirectories.get(directory)).find((failure) => failure);
      const outcome = failed ?? (inode === null ? undefined : failedInodes.get(inode));
      this.#done.push({ n, outcome: outcome ?? { kind: 'done', sent } });
    }
  }

  /**
   * Flushes each of `paths`, 32 at a time; what has vanished meanwhile needs no flush.
   * @returns the failures by path.
   */
  async #syncEach<P extends string>(paths: readonly P[], sync: (path: P) => Promise<void>): Promise<Map<P, Outcome>> {
    const failures = new Map<P, Outcome>();
    const syncOne = async (path: P) => {
      try {
        await sync(path);
      } catch (error) {
        const failure = outcomeOf(error);
        if (failure.kind !== 'stale') failures.set(path, failure);
      }
    };
    for (let i = 0; i < paths.length; i += 32) {
      this.#context.parents.trim();
      await Promise.all(paths.slice(i, i + 32).map(syncOne));
    }
    return failures;
  }

  /** Closes everything; partial contents are left for a later transfer. */
  async abandon(): Promise<void> {
    for (const { file } of this.#group) file.leave();
    this.#group = [];
    // A sender that breaks the protocol did not send the beginning of that content.
    if (isForeign(this.broken?.error)) this.#incoming?.discard();
    else this.#incoming?.leave();
    this.#context.parents.close();
    await this.#contents.return?.();
  }
}

/** Whether the step for `change` sets mode or time of something that is there already. */
function setsMetadata({ action, after, from }: Change): boolean {
  if (action === 'metadata') return true;
  return from !== undefined && after?.type === 'file' && !sameEntry(from.entry, after);
}

const isForeign = (error: unknown): boolean => error instanceof SyncError && error.code === 'bad-message';

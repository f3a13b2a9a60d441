// The folder guarantees: a change is applied only where the path is still what the decision was based on; nothing is
// overwritten or removed before its content has another name; an outcome `done` is durable. Changes run in their order:
//
//   for each change:
//     with content:     stage it, add it to the group; begin to flush the group when it is full; publish all when the next
//                       piece is late
//     without content:  publish all (the change may need its names), then take the step           step
//     before a step:    make the conflict copy that takes long                                    conflict-copies
//   flush: flush the staged files of the group together, while the next group is received; before the next flush begins,
//          rename each to its path                                                              step, keep-old
//   sync: flush the directories of all steps taken, each once, and what got another mode or time; then report their
//         outcomes as done

import type { Change, Outcome } from '../../core/change.js';
import { contentOf } from '../../core/change.js';
import { SyncError } from '../../core/errors.js';
import type { Applied, Content, JoinedContents } from '../../replica.js';
import { isFull, outcomeOf } from '../fs/system-errors.js';
import type { StagedFile } from '../staging/staged-file.js';
import type { ApplyContext, Step } from './context.js';
import { IncomingFile, stageJoined } from './incoming.js';
import { carryOut, publishFile } from './step.js';
import { TakenSteps } from './taken-steps.js';

/** A group is full when it has this many files or bytes. All is published when the next content has not arrived yet. */
const GROUP_FILES = 128;
const GROUP_BYTES = 8 << 20;

interface Staged {
  readonly n: number;
  readonly change: Change;
  readonly file: StagedFile;
  /** Bytes that were sent for it. */
  readonly sent: number;
}

/** A group that is being flushed. */
interface Flushing {
  readonly group: readonly Staged[];
  readonly flushed: Promise<PromiseSettledResult<void>[]>;
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
  contents: AsyncIterable<Content | JoinedContents>,
): AsyncGenerator<Applied> {
  const work = new Application(context, changes, contents[Symbol.asyncIterator]());
  try {
    for (const [n, change] of changes.entries()) {
      if (contentOf(change) === null) await work.step(n, change);
      else if (!work.takeStaged(n, change)) await work.content(n, change);
      if (work.hasFinished) yield* work.finished();
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
  readonly #contents: AsyncIterator<Content | JoinedContents>;
  /** The changes with content, in their order. */
  readonly #carrying: readonly Change[];

  #group: Staged[] = [];
  #groupBytes = 0;
  /** The groups that are being flushed, two at most. */
  #flushing: Flushing[] = [];
  #contentCount = 0;
  /** Contents that came joined, and are staged before their turn; or why one could not be. The next one is the last. */
  #ahead: (IncomingFile | Outcome)[] = [];
  /** The content that is being received. */
  #incoming: IncomingFile | null = null;
  readonly #taken: TakenSteps;
  #done: Applied[] = [];
  #next: Promise<IteratorResult<Content | JoinedContents>> | null = null;
  /** Why the contents ended early. Complete contents are published all the same, and their outcomes reported. */
  broken: { readonly error: unknown } | null = null;

  constructor(context: ApplyContext, changes: readonly Change[], contents: AsyncIterator<Content | JoinedContents>) {
    this.#context = context;
    this.#taken = new TakenSteps(context.parents);
    this.#carrying = changes.filter((change) => contentOf(change) !== null);
    this.#contents = contents;
  }

  /** Whether there are outcomes since the last call of `finished`. */
  get hasFinished(): boolean {
    return this.#done.length > 0;
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
    const failure = await this.#prepare(change);
    this.#context.parents.trim();
    this.#act(n, change, 0, () => {
      if (failure !== null) throw failure.reason;
      return carryOut(this.#context, change);
    });
    if (this.#taken.count >= GROUP_FILES) await this.syncDirectories();
  }

  /** Adds a content that is staged already to the group. @returns false where it is not, or the group is full. */
  takeStaged(n: number, change: Change): boolean {
    if (this.#ahead.length === 0 || this.#isFull) return false;
    const next = this.#ahead.pop()!;
    this.#contentCount++;
    if (next instanceof IncomingFile) this.#complete(n, change, next, null);
    else this.#complete(n, change, null, next);
    return true;
  }

  get #isFull(): boolean {
    return this.#group.length >= GROUP_FILES || this.#groupBytes >= GROUP_BYTES;
  }

  /** Receives one file's content into the group. */
  async content(n: number, change: Change): Promise<void> {
    if (this.#isFull) {
      this.#flushGroup();
      await this.#nameFlushed(1);
    }
    if (this.takeStaged(n, change)) return;
    const index = this.#contentCount;
    let failure: Outcome | null = null;
    for (let last = false; !last; ) {
      const piece = await this.#piece();
      if (this.broken !== null) return;
      if (piece !== null && 'joined' in piece && piece.n === index && this.#incoming === null) {
        this.#ahead = stageJoined(this.#context, this.#carrying, piece, (error) => this.#failure(error)).reverse();
        if (this.takeStaged(n, change)) return;
      }
      if (piece === null || piece.n !== index || 'failed' in piece || 'joined' in piece) {
        failure ??= piece !== null && 'failed' in piece ? piece.failed : { kind: 'stale' };
        break;
      }
      last = piece.last;
      failure ??= await this.#add(change, piece);
    }
    this.#contentCount++;
    const incoming = this.#incoming;
    this.#incoming = null;
    this.#complete(n, change, incoming, failure);
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

  #complete(n: number, change: Change, incoming: IncomingFile | null, failure: Outcome | null): void {
    if (failure === null && incoming?.isSound()) {
      const { staged: file, sent } = incoming;
      this.#group.push({ n, change, file, sent });
      this.#groupBytes += file.file.size;
      return;
    }
    // The source may be able to read the rest later.
    if (failure?.kind === 'problem' && failure.code === 'unreadable') incoming?.leave();
    else incoming?.discard();
    this.#done.push({ n, outcome: failure ?? { kind: 'stale' } });
  }

  /** @returns the next piece; null at the end. While it has not arrived, all is published. */
  async #piece(): Promise<Content | JoinedContents | null> {
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

  /** Flushes the contents of the group, and renames all that are flushed to their paths. */
  async publish(): Promise<void> {
    this.#flushGroup();
    await this.#nameFlushed(0);
  }

  /** Begins to flush the contents of the group together. */
  #flushGroup(): void {
    if (this.#group.length === 0) return;
    const group = this.#group;
    this.#flushing.push({ group, flushed: Promise.allSettled(group.map(({ file }) => file.flush())) });
    this.#group = [];
    this.#groupBytes = 0;
  }

  /** Renames the flushed files to their paths, but those of the last `left` groups. */
  async #nameFlushed(left: number): Promise<void> {
    for (let first = this.#flushing[0]; this.#flushing.length > left; first = this.#flushing[0]) {
      const results = await first!.flushed;
      this.#flushing.shift();
      await this.#nameEach(first!.group, results);
    }
  }

  async #nameEach(group: readonly Staged[], results: readonly PromiseSettledResult<void>[]): Promise<void> {
    const { parents, staging, copies } = this.#context;
    parents.refresh();
    let next = 0;
    const nameSome = () => {
      for (; next < group.length && !copies.mayTakeLong(group[next]!.change); next++) {
        this.#name(group[next]!, results[next]!);
      }
    };
    for (; next < group.length; next++) {
      parents.together(() => staging.together(nameSome));
      if (next === group.length) break;
      const failure = await this.#prepare(group[next]!.change);
      this.#name(group[next]!, failure ?? results[next]!);
    }
    await this.syncDirectories();
  }

  /** Gives a staged file its path, unless flushing it or preparing that has failed. */
  #name({ n, change, file, sent }: Staged, before: PromiseSettledResult<void>): void {
    this.#context.parents.trim();
    this.#act(n, change, sent, () => {
      if (before.status === 'rejected') throw before.reason;
      return publishFile(this.#context, change, file);
    });
    if (this.#taken.last === n) file.published();
    else if (before.status === 'rejected') file.discard();
    else file.leave();
  }

  /** Makes the conflict copy that takes long. @returns why that failed. */
  async #prepare(change: Change): Promise<PromiseRejectedResult | null> {
    try {
      await this.#context.copies.prepare(change);
      return null;
    } catch (reason) {
      return { status: 'rejected', reason };
    }
  }

  #act(n: number, change: Change, sent: number, action: () => Step): void {
    try {
      const step = action();
      if (step === 'done') this.#taken.add(n, change, sent);
      else this.#done.push({ n, outcome: { kind: step } });
    } catch (error) {
      this.#done.push({ n, outcome: this.#failure(error) });
    } finally {
      this.#context.copies.drop();
    }
  }

  /** Where the disk is full, deletes the partial files that are kept for later transfers. */
  #failure(error: unknown): Outcome {
    if (isFull(error)) this.#context.staging.makeRoom();
    return outcomeOf(error);
  }

  /** Makes all steps taken durable, and reports them as done. */
  async syncDirectories(): Promise<void> {
    if (this.#taken.count > 0) this.#done.push(...(await this.#taken.sync()));
  }

  /** Closes everything; partial contents are left for a later transfer. */
  async abandon(): Promise<void> {
    // A descriptor is not closed while it is being flushed.
    for (const { group, flushed } of this.#flushing) {
      await flushed;
      for (const { file } of group) file.leave();
    }
    for (const { file } of this.#group) file.leave();
    for (const one of this.#ahead) if (one instanceof IncomingFile) one.discard();
    this.#flushing = [];
    this.#group = [];
    this.#ahead = [];
    // A sender that breaks the protocol did not send the beginning of that content.
    if (isForeign(this.broken?.error)) this.#incoming?.discard();
    else this.#incoming?.leave();
    this.#context.parents.close();
    await this.#contents.return?.();
  }
}

const isForeign = (error: unknown): boolean => error instanceof SyncError && error.code === 'bad-message';

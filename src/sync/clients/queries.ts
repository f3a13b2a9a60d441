// What clients are shown of the pair: the merged listing with its numbers, and the status. It reads what is known at
// the moment, and changes nothing.
import { advise } from '../../core/advice.js';
import { isConflictCopy } from '../../core/conflicts/copy-name.js';
import { mtimeOf, sizeOf } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { isoTime } from '../../core/iso-time.js';
import { countListed, type ListedFile, mergedListing } from '../../core/listing.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import { TimeSlice } from '../../disk/fs/time-slice.js';
import { packRow, type Row } from '../../wire/client-api/compact-rows.js';
import type { ClientMethods, ListEntry, Status, Target } from '../../wire/client-api/methods.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import { lockInfo } from '../locks/answers.js';
import type { LockState } from '../locks/lock-state.js';
import type { Pair } from '../pair/pair.js';
import type { Session } from '../session/session.js';

/** The most rows in a result; earlier rows are sent before it as notifications of as many each. */
export const ROWS_AT_ONCE = 500;

/** The most problems in a status, which is one line. */
const MAX_PROBLEMS = 10_000;

export interface ShownPair {
  readonly session: Session;
  readonly pair: Pair;
  readonly lockState: LockState;
  /** The address of server-b. */
  readonly peer: string;
}

/** Answers queries about one pair. */
export class ClientQueries {
  readonly #shown: ShownPair;

  #listing: { readonly generation: number; readonly files: readonly ListedFile[] } = {
    generation: 0,
    files: [],
  };
  #counted = { generation: 0, conflicts: 0 };
  /** Numbers that no file had when they were settled. */
  readonly #refused = new WeakMap<Target, unknown>();

  constructor(shown: ShownPair) {
    this.#shown = shown;
  }

  /** The files of both sides, in the order of the listing. */
  files(): readonly ListedFile[] {
    const { pair } = this.#shown;
    if (this.#listing.generation !== pair.generation) {
      const files = pair.a.snapshot === null ? [] : mergedListing(pair.a.snapshot, pair.b.snapshot ?? pair.archive);
      this.#listing = { generation: pair.generation, files };
    }
    return this.#listing.files;
  }

  /**
   * @param compact whether rows are sent packed (see `compact-rows`), for programs that read very many.
   * @param limit the most rows.
   */
  async list({ compact = false, limit }: ClientMethods['list']['params'], call: IncomingCall): Promise<object> {
    const files = limit === undefined ? this.files() : this.files().slice(0, limit);
    const { generation } = this.#listing;
    const entries = compact
      ? await streamed(call, files, (file) => packRow(this.#row(file)))
      : await streamed(call, files, (file, index) => spelledOut(this.#row(file), index));
    return { generation, entries };
  }

  #row({ path, entry: newest, on }: ListedFile): Row {
    const { lockState, pair, session } = this.#shown;
    const lock = lockState.table.locks.get(path);
    // The content of the holder counts for a locked file.
    const locked = lock === undefined ? null : pair.entry(lock.side, path);
    const entry = locked === null || locked.type === 'dir' ? newest : locked;
    const syncing = session.status.progressOf(path);
    const row = {
      path,
      type: entry.type,
      size: sizeOf(entry),
      mtimeMs: Math.trunc(mtimeOf(entry) / 1000),
      mode: entry.type === 'file' ? entry.mode : 0o777,
      on,
      lock: lock === undefined ? null : lockInfo(lock),
      held: lockState.table.heldOf(path).length,
    };
    return syncing === null ? row : { ...row, syncing };
  }

  status(): Omit<Status, 'versions'> {
    const { session, pair, lockState, peer } = this.#shown;
    const { a, b } = pair;
    const count = (side: typeof a) => ({ files: side.snapshot?.files ?? 0, bytes: side.snapshot?.bytes ?? 0 });
    const outdated: Side[] = [
      ...(a.halt === null ? [] : (['a'] as const)),
      ...(!session.status.hasSeenB || b.halt !== null ? (['b'] as const) : []),
    ];
    return {
      state: session.status.state,
      peer: { address: peer, connected: session.status.isConnected },
      a: count(a),
      b: b.snapshot === null ? null : count(b),
      pending: session.status.pending,
      held: lockState.table.heldUpdates,
      locks: lockState.table.locks.size,
      conflicts: this.#conflicts(),
      problems: session.status.problems().slice(0, MAX_PROBLEMS),
      paused: session.paused === null ? null : { by: session.paused.by, since: isoTime(session.paused.since) },
      left: session.status.left(),
      lastInSync: session.status.lastInSync === null ? null : isoTime(session.status.lastInSync),
      ...(outdated.length === 0 ? {} : { outdated }),
    };
  }

  /**
   * The number of conflict copies, counted once for each state of the pair, because it is asked for all the time. No
   * list is built for it: of a large tree, that would take as much memory as a snapshot.
   */
  #conflicts(): number {
    const { a, b, archive, generation } = this.#shown.pair;
    if (this.#counted.generation !== generation) {
      const isCopy = (name: string) => isConflictCopy(name as RelPath);
      const conflicts = a.snapshot === null ? 0 : countListed(a.snapshot.root, (b.snapshot ?? archive).root, isCopy);
      this.#counted = { generation, conflicts };
    }
    return this.#counted.conflicts;
  }

  /**
   * @returns the target by its path, so that a later listing does not change which file is meant. Where it has none now,
   *   it has none later.
   */
  settled(target: Target): Target {
    try {
      return { path: this.pathOf(target) };
    } catch (error) {
      const refused = { ...target };
      this.#refused.set(refused, error);
      return refused;
    }
  }

  /**
   * @returns the path of a target.
   * @throws SyncError `not-found` where the listing has no such number.
   */
  pathOf(target: Target): RelPath {
    if (this.#refused.has(target)) throw this.#refused.get(target);
    if ('path' in target) return target.path as RelPath;
    const files = this.files();
    const file = files[target.index];
    if (file !== undefined) return file.path;
    const range = files.length === 0 ? 'the pair is empty' : `the numbers go from 0 to ${files.length - 1}`;
    throw new SyncError('not-found', `There is no file number ${quote(String(target.index))}: ${range}.`, {
      advice: advise`See the numbers with: ${{ do: 'list' }}`,
    });
  }
}

/** Field by field, because spreading the row costs as much as the rest of a long listing. */
function spelledOut({ path, type, size, mtimeMs, mode, on, lock, held, syncing }: Row, index: number): ListEntry {
  const row = { index, path, type, size, mtime: isoTime(mtimeMs), mode, on, lock, held };
  return syncing === undefined ? row : { ...row, syncing };
}

/** Sends rows in notifications. @returns the last rows, which belong into the result. */
export async function streamed<Item, Row = Item>(
  call: IncomingCall,
  items: readonly Item[],
  rowOf: (item: Item, index: number) => Row = (item) => item as unknown as Row,
): Promise<readonly Row[]> {
  const rows = (from: number, to?: number) => items.slice(from, to).map((item, n) => rowOf(item, from + n));
  let at = 0;
  const slice = new TimeSlice();
  // Rows are built as they are sent: a caller that does not read delays its own answer and takes no memory.
  for (; items.length - at > ROWS_AT_ONCE; at += ROWS_AT_ONCE) {
    await call.notify('entries', { entries: rows(at, at + ROWS_AT_ONCE) });
    if (slice.isTired) await slice.rest(); // a caller that reads fast, as one in this process, must not keep others waiting
  }
  return rows(at);
}

// What server-a answers to clients. Queries are read from the pair as it stands; whatever acts goes through the session.

import { isConflictCopy } from '../core/conflict-name.js';
import { mtimeOf, sizeOf } from '../core/entry.js';
import { SyncError } from '../core/errors.js';
import type { SyncEvent } from '../core/events.js';
import { type ListedFile, mergedListing } from '../core/listing.js';
import type { RelPath, Side } from '../core/path.js';
import { quote } from '../core/path.js';
import { clientParams } from '../wire/check.js';
import {
  type Acted,
  type ClientMethods,
  type ListEntry,
  PROTOCOL_VERSION,
  type Refused,
  type Status,
  type Target,
} from '../wire/messages.js';
import type { Call, Method } from '../wire/serve.js';
import type { LockBook } from './lock-book.js';
import { iso } from './lock-desk.js';
import { heldRows, lockInfo, lockRows } from './lock-rows.js';
import type { Pair } from './pair.js';
import type { Earlier, Replica } from './replica.js';
import { Resolving } from './resolving.js';
import { Restoring } from './restoring.js';
import type { Session } from './session.js';

/** Rows that a result carries itself; more of them stream ahead as notifications of as many each. */
const ROWS_AT_ONCE = 500;
const FLUSH_MS = 60_000;

/** What serving clients needs. */
export interface ServedPair {
  readonly session: Session;
  readonly pair: Pair;
  readonly book: LockBook;
  /** Side a, for contents that client writes take from it. */
  readonly local: Pick<Replica, 'read'>;
  /** The earlier contents that a side keeps, null while it is away. */
  readonly earlier: (side: Side) => Earlier | null;
  readonly version: string;
  /** Where server-b is looked for. */
  readonly peer: string;
  /** Adds a listener to everything that is said; @returns the way to remove it. */
  readonly listen: (listener: (event: SyncEvent, time: string) => void) => () => void;
}

type Params<M extends keyof ClientMethods> = ClientMethods[M]['params'];

/** Answers clients. */
export class ClientServer {
  private listing: { readonly generation: number; readonly files: readonly ListedFile[] } = {
    generation: 0,
    files: [],
  };

  private readonly restoring: Restoring;
  private readonly resolving: Resolving;

  constructor(private readonly served: ServedPair) {
    const { session, pair, local, earlier } = served;
    this.restoring = new Restoring({ writes: session.writes, earlier });
    this.resolving = new Resolving({ pair, writes: session.writes, local, files: () => this.files() });
  }

  /** The methods, the same for every connection. */
  methods(): Record<string, Method> {
    const { session, book } = this.served;
    const handlers: { [M in keyof ClientMethods]: (params: Params<M>, call: Call) => Promise<object> } = {
      hello: async ({ protocol }) => this.hello(protocol),
      list: (_params, call) => this.list(call),
      locks: async (_params, call) => ({ locks: await streamed(call, lockRows(book.table)) }),
      held: async ({ target }, call) => {
        const only = target === undefined ? null : this.pathOf(target);
        return { held: await streamed(call, heldRows(book.table, only)) };
      },
      lock: async ({ targets, owner, side = 'a', message = '' }) => ({
        targets: await this.forEach(targets, (path) => session.desk.ask({ kind: 'lock', path, owner, side, message })),
      }),
      unlock: async ({ targets, owner }) => ({
        targets: await this.forEach(targets, (path) =>
          session.desk.ask({ kind: 'unlock', path, owner, side: 'a', message: '' }),
        ),
      }),
      versions: async ({ target }, call) => {
        const { rows, away } = await this.restoring.versions(this.pathOf(target));
        return { versions: await streamed(call, rows), away };
      },
      restore: async ({ target, owner, at = 1 }) => this.restoring.restore(this.pathOf(target), at, owner),
      conflicts: async (_params, call) => ({ conflicts: await streamed(call, this.resolving.conflicts()) }),
      resolve: async ({ target, owner, keep }) => this.resolving.resolve(this.pathOf(target), keep, owner),
      status: async () => this.status(),
      // Whoever asks through a pipe has hung up already and still wants the answer: only the time limit counts.
      flush: async ({ timeoutMs = FLUSH_MS }) => {
        await session.flush(AbortSignal.timeout(timeoutMs));
        const { held, problems } = this.status();
        return { flushed: true, held, problems: problems.length };
      },
      rescan: async () => {
        session.rescan();
        return { rescanning: true };
      },
      pause: async () => ({ changed: session.pause(true) }),
      resume: async ({ acceptDeletes = false }) => {
        const accepted = acceptDeletes && (await session.acceptDeletes());
        const resumed = session.pause(false);
        if (session.halt !== null && !accepted) throw session.halt;
        return { changed: resumed || accepted };
      },
      watch: (_params, call) => this.watch(call),
    };
    return Object.fromEntries(
      Object.entries(handlers).map(([name, handle]) => [
        name,
        { params: clientParams[name as keyof ClientMethods], handle },
      ]),
    );
  }

  private hello(protocol: number): object {
    if (protocol !== PROTOCOL_VERSION) {
      throw new SyncError('bad-message', `This server speaks protocol ${PROTOCOL_VERSION}, not ${protocol}.`, {
        hint: 'Use a client of the same version.',
      });
    }
    return { protocol: PROTOCOL_VERSION, server: 'a', version: this.served.version };
  }

  private files(): readonly ListedFile[] {
    const { pair } = this.served;
    if (this.listing.generation !== pair.generation) {
      const files = pair.a.snapshot === null ? [] : mergedListing(pair.a.snapshot, pair.b.snapshot ?? pair.archive);
      this.listing = { generation: pair.generation, files };
    }
    return this.listing.files;
  }

  private async list(call: Call): Promise<object> {
    const files = this.files();
    const { generation } = this.listing;
    return { generation, entries: await streamed(call, files, (file, index) => this.row(file, index)) };
  }

  private row({ path, entry: newest, on }: ListedFile, index: number): ListEntry {
    const { book, pair, session } = this.served;
    const lock = book.table.locks.get(path);
    // Of a locked file the holder's content is the one that counts.
    const locked = lock === undefined ? null : pair.entry(lock.side, path);
    const entry = locked === null || locked.type === 'dir' ? newest : locked;
    const syncing = session.overview.progress(path);
    return {
      index,
      path,
      type: entry.type,
      size: sizeOf(entry),
      mtime: iso(mtimeOf(entry) / 1000),
      mode: entry.type === 'file' ? entry.mode : 0o777,
      on,
      lock: lock === undefined ? null : lockInfo(lock),
      held: book.table.heldOf(path).length,
      ...(syncing === null ? {} : { syncing }),
    };
  }

  private status(): Status {
    const { session, pair, book, peer } = this.served;
    const { a, b } = pair;
    const count = (side: typeof a) => ({ files: side.snapshot?.files ?? 0, bytes: side.snapshot?.bytes ?? 0 });
    let held = 0;
    for (const queue of book.table.held.values()) held += queue.length;
    return {
      state: session.overview.state,
      peer: { address: peer, connected: session.overview.isConnected },
      a: count(a),
      b: b.snapshot === null ? null : count(b),
      pending: session.overview.pending,
      held,
      locks: book.table.locks.size,
      conflicts: this.files().filter(({ path }) => isConflictCopy(path)).length,
      problems: session.overview.problems(),
    };
  }

  private async watch(call: Call): Promise<object> {
    const stop = this.served.listen((event, time) => {
      call.notify('event', { time, ...event }).catch(() => stop());
    });
    await new Promise<void>((resolve) => {
      if (call.signal.aborted) resolve();
      else call.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
    return { ended: true };
  }

  /** Acts on every target at once; one refusal does not keep the others from their answers. */
  private forEach(
    targets: readonly Target[],
    act: (path: RelPath) => Promise<Acted | Refused>,
  ): Promise<(Acted | Refused)[]> {
    return Promise.all(
      targets.map((target) => {
        try {
          return act(this.pathOf(target));
        } catch (error) {
          const { code, message, hint } = error as SyncError;
          return {
            path: 'path' in target ? target.path : `${target.index}`,
            changed: false as const,
            error: { code, message, hint },
          };
        }
      }),
    );
  }

  private pathOf(target: Target): RelPath {
    if ('path' in target) return target.path as RelPath;
    const files = this.files();
    const file = files[target.index];
    if (file !== undefined) return file.path;
    const range = files.length === 0 ? 'the pair is empty' : `the numbers go from 0 to ${files.length - 1}`;
    throw new SyncError('not-found', `There is no file number ${quote(String(target.index))}: ${range}.`, {
      hint: 'See the numbers with: client list',
    });
  }
}

/** @returns the rows that belong into the result; those before them have been sent. */
async function streamed<Item, Row = Item>(
  call: Call,
  items: readonly Item[],
  rowOf: (item: Item, index: number) => Row = (item) => item as unknown as Row,
): Promise<readonly Row[]> {
  const rows = (from: number, to?: number) => items.slice(from, to).map((item, n) => rowOf(item, from + n));
  let at = 0;
  // Rows are made as they are sent: a caller that does not read holds up its own answer, and no memory.
  for (; items.length - at > ROWS_AT_ONCE; at += ROWS_AT_ONCE) {
    await call.notify('entries', { entries: rows(at, at + ROWS_AT_ONCE) });
  }
  return rows(at);
}

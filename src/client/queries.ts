// The methods of the typed client that change nothing. Results that arrive in several parts are joined.
import type { NumberedEvent } from '../core/events.js';
import type { Side } from '../core/path.js';
import { unpackRow } from '../wire/client-api/compact-rows.js';
import type { Ignored } from '../wire/client-api/ignored.js';
import type { ConflictRow, HeldRow, Listing, LockRow, Status, Target, Transfers } from '../wire/client-api/methods.js';
import type { PlanPreview } from '../wire/client-api/plan.js';
import type { VersionRow } from '../wire/client-api/version-rows.js';
import type { Requests } from './requests.js';
import { asTarget } from './targets.js';

/** Which of the versions of all files. */
export interface RecentOptions {
  /** Only what was put aside then or later. */
  readonly since?: Date;
  /** Only what was deleted, of files that are not there now. */
  readonly deleted?: boolean;
  /** The most rows. */
  readonly limit?: number;
}

/** Which events are wanted. */
export interface LogOptions {
  /** About this file, also one that is gone, or about what is below this directory. */
  readonly target?: Target | string | number;
  /** About paths that begin with this. */
  readonly prefix?: string;
  /** From this time on. */
  readonly since?: Date | string;
  /** Of so many milliseconds before now, by the clock of the server. */
  readonly ageMs?: number;
}

/** Queries to server-a. */
export abstract class Queries {
  readonly #ask: Requests;

  protected constructor(ask: Requests) {
    this.#ask = ask;
  }

  /** @returns the merged listing, sorted by the paths' bytes, with indexes 0 … n-1. */
  async list(): Promise<Listing> {
    // Rows are unpacked as they arrive, so that the arrays of a long listing are freed at once.
    const { entries, result } = await this.#ask.joined('list', { compact: true }, 'entries', unpackRow);
    return { ...result, entries };
  }

  /** @returns all locks with their waiters. */
  async locks(): Promise<{ readonly locks: readonly LockRow[] }> {
    const { entries, result } = await this.#ask.joined('locks', {}, 'locks');
    return { ...result, locks: entries };
  }

  /**
   * @param target a path, an index in the server's present listing, or nothing for all files.
   * @returns the held updates in the order in which they will be applied.
   */
  async held(target?: Target | string | number): Promise<{ readonly held: readonly HeldRow[] }> {
    const params = target === undefined ? {} : { target: asTarget(target) };
    const { entries, result } = await this.#ask.joined('held', params, 'held');
    return { ...result, held: entries };
  }

  /**
   * @param target a path, also of a deleted file, or an index in the server's present listing.
   * @returns the versions that both sides store of the file, the newest first, and the sides that are disconnected.
   */
  async versions(
    target: Target | string | number,
  ): Promise<{ readonly versions: readonly VersionRow[]; readonly away: readonly Side[] }> {
    const { entries, result } = await this.#ask.joined('versions', { target: asTarget(target) }, 'versions');
    return { ...result, versions: entries };
  }

  /**
   * What was overwritten or deleted lately, of all files and on both sides, the newest first.
   * @param take is given the rows as they come, so that none has to be kept; the next ones wait for it.
   * @returns the sides that could not be asked, and whether there are more than `limit`.
   * @throws SyncError as any request; what `take` throws.
   */
  async recentVersions(
    take: (rows: readonly VersionRow[]) => void | Promise<void>,
    { since, deleted, limit }: RecentOptions = {},
  ): Promise<{ readonly away: readonly Side[]; readonly more: boolean }> {
    const params = {
      ...(since === undefined ? {} : { since: since.toISOString() }),
      ...(deleted === undefined ? {} : { deleted }),
      ...(limit === undefined ? {} : { limit }),
    };
    const { away, more = false } = await this.#ask.inPieces('versions', params, 'versions', take);
    return { away, more };
  }

  /** @returns whether `path` is left out of synchronisation, and the rule that says so. */
  checkIgnore(path: string): Promise<Ignored> {
    return this.#ask.call('checkIgnore', { path });
  }

  /** @returns all conflict copies; those of one file are adjacent, the oldest first. */
  async conflicts(): Promise<{ readonly conflicts: readonly ConflictRow[] }> {
    const { entries, result } = await this.#ask.joined('conflicts', {}, 'conflicts');
    return { ...result, conflicts: entries };
  }

  /**
   * @returns what would be transferred now, and why.
   * @throws SyncError `busy` until both sides have been scanned.
   */
  async plan(): Promise<PlanPreview> {
    const { entries, result } = await this.#ask.joined('plan', {}, 'plan');
    return { ...result, plan: entries };
  }

  /**
   * What happened, the latest last, from the server's event log, which outlives a restart.
   * @returns the events, and how many lines of the log could not be read.
   */
  async log(
    options: LogOptions = {},
  ): Promise<{ readonly events: readonly NumberedEvent[]; readonly damaged?: number }> {
    const { target, prefix, since, ageMs } = options;
    const params = {
      ...(target === undefined ? {} : { target: asTarget(target) }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
      ...(ageMs === undefined ? {} : { ageMs }),
    };
    const { entries, result } = await this.#ask.joined('log', params, 'events');
    return { ...result, events: entries };
  }

  /** @returns the pair at a glance. @param options `servers`: with the versions and the clocks of the two servers. */
  status(options: { readonly servers?: boolean } = {}): Promise<Status> {
    return this.#ask.call('status', options);
  }

  /** @returns the present transfers, and what is left to transfer. */
  transfers(): Promise<Transfers> {
    return this.#ask.call('transfers', {});
  }
}

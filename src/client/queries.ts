// The questions of the typed client: what is asked and changes nothing. Results that come in pieces are joined.
import type { Side } from '../core/path.js';
import { unpackRow } from '../wire/client-api/compact-rows.js';
import type {
  ConflictRow,
  HeldRow,
  Listing,
  LockRow,
  PlanPreview,
  Status,
  Target,
  Transfers,
  VersionRow,
} from '../wire/client-api/methods.js';
import type { Requests } from './requests.js';
import { asTarget } from './targets.js';

/** What can be asked of server-a. */
export abstract class Queries {
  readonly #ask: Requests;

  protected constructor(ask: Requests) {
    this.#ask = ask;
  }

  /** @returns the merged listing, sorted by the paths' bytes, with indexes 0 … n-1. */
  async list(): Promise<Listing> {
    // Each piece is unpacked as it comes: of a hundred thousand rows, the arrays they came in are gone again at once.
    const { entries, result } = await this.#ask.joined('list', { compact: true }, 'entries', unpackRow);
    return { ...result, entries };
  }

  /** @returns who holds what, since when, and who waits. */
  async locks(): Promise<{ readonly locks: readonly LockRow[] }> {
    const { entries, result } = await this.#ask.joined('locks', {}, 'locks');
    return { ...result, locks: entries };
  }

  /**
   * @param target a path, a number in the server's present listing, or nothing for every file.
   * @returns the held updates in the order in which they will be applied.
   */
  async held(target?: Target | string | number): Promise<{ readonly held: readonly HeldRow[] }> {
    const params = target === undefined ? {} : { target: asTarget(target) };
    const { entries, result } = await this.#ask.joined('held', params, 'held');
    return { ...result, held: entries };
  }

  /**
   * @param target a path, also of a file that is gone, or a number in the server's present listing.
   * @returns the earlier contents that both sides keep of it, the newest first, and the sides that could not be asked.
   */
  async versions(
    target: Target | string | number,
  ): Promise<{ readonly versions: readonly VersionRow[]; readonly away: readonly Side[] }> {
    const { entries, result } = await this.#ask.joined('versions', { target: asTarget(target) }, 'versions');
    return { ...result, versions: entries };
  }

  /** @returns every conflict copy, those of one file together, oldest first. */
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

  /** @returns the pair at a glance. */
  status(): Promise<Status> {
    return this.#ask.call('status', {});
  }

  /** @returns what is being carried now, and what is left to carry. */
  transfers(): Promise<Transfers> {
    return this.#ask.call('transfers', {});
  }
}

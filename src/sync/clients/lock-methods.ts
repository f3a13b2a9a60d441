// The client methods for locks: lock, unlock, ask, and the notices for owners who lost a lock or are asked for one.
import type { Asking, HeldWay, Notice } from '../../core/locks/records.js';
import { comparePaths, type RelPath, type Side } from '../../core/path.js';
import type { Acted, ClientMethods, Refused, Target } from '../../wire/client-api/methods.js';
import type { NoticeRow } from '../../wire/client-api/notice.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import { iso, refused } from '../locks/answers.js';
import type { LockService } from '../locks/lock-service.js';
import type { FreedPath, LockState } from '../locks/lock-state.js';
import type { Wait } from '../locks/request.js';

interface ServedLocks {
  readonly lockService: LockService;
  readonly lockState: LockState;
  readonly pathOf: (target: Target) => RelPath;
  /** Milliseconds of a clock that nobody sets; the system's by default. */
  readonly now?: () => number;
}

type Params<M extends keyof ClientMethods> = ClientMethods[M]['params'];
type Result = ClientMethods['lock']['result'];

/** Locks and unlocks for clients. */
export class ServeLocks {
  readonly #served: ServedLocks;

  constructor(served: ServedLocks) {
    this.#served = served;
  }

  /**
   * A request that waits locks its targets one after the other in byte order, whatever order they came in, so that two
   * requests can never wait for each other.
   */
  async lock(params: Params<'lock'>, call: IncomingCall): Promise<Result> {
    const { lockService } = this.#served;
    const { targets, owner, side = call.connection.side ?? 'a', message = '', ttlMs, steal, notify } = params;
    const wait = waitOf(params, call, this.#served.now);
    const how = {
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(steal === undefined ? {} : { steal }),
      ...(wait === null ? {} : { wait }),
      ...(notify === undefined ? {} : { notify }),
    };
    const take = { kind: 'lock', owner, side, message, ...how } as const;
    const taken = await this.#forEach(targets, (path) => lockService.ask({ ...take, path }), wait !== null);
    const results = params.side === undefined ? taken : taken.map((result) => withSide(result, side));
    // A request that was cancelled while it waited keeps none of its locks; those that another request of its owner holds
    // as well stay.
    if (results.some(wasCancelled)) await this.#giveBack(results, owner);
    return { targets: results, ...this.noticesFor(owner) };
  }

  async unlock({ targets, owner, force, held }: Params<'unlock'>): Promise<Result> {
    const { lockService } = this.#served;
    const how: { force?: boolean; held?: HeldWay } = {
      ...(force === undefined ? {} : { force }),
      ...(held === undefined ? {} : { held }),
    };
    const end = { kind: 'unlock', owner, side: 'a', message: '', ...how } as const;
    const results = this.#forEach(targets, (path) => lockService.ask({ ...end, path }));
    return { targets: await results, ...this.noticesFor(owner) };
  }

  async ask({ targets, owner, message = '' }: Params<'ask'>): Promise<Omit<Result, 'notices'>> {
    const { lockService } = this.#served;
    return { targets: await this.#forEach(targets, (path) => lockService.askHolder(path, owner, message)) };
  }

  async #giveBack(results: readonly (Acted | Refused)[], owner: string): Promise<void> {
    const { lockService } = this.#served;
    const ask = { kind: 'unlock', owner, side: 'a', message: '' } as const;
    // A target that was named twice has two results and one lock.
    const granted = new Map<string, number>();
    for (const result of results) {
      if (!('error' in result) && typeof result.token === 'number') granted.set(result.path, result.token);
    }
    const given = Array.from(granted, ([path, token]) =>
      lockService.ask({ ...ask, path: path as RelPath, givesBack: token }),
    );
    await Promise.all(given);
  }

  /** The locks that `owner` has lost, each told once; no field where there are none. */
  noticesFor(owner: string): { readonly notices?: readonly NoticeRow[] } {
    const notices = this.notices(owner, false);
    return notices.length === 0 ? {} : { notices };
  }

  /** The notices for `owner`, the oldest first, each told once. @param all also those that are about no lost lock. */
  notices(owner: string, all: boolean): NoticeRow[] {
    const { lockState } = this.#served;
    const lost = lockState.takeNotices(owner).map(noticeRow);
    const asked = all ? lockState.takeAskings(owner).map(askingRow) : [];
    const freed = all ? lockState.takeFreed(owner).map((path) => freedRow(path, owner)) : [];
    return [...lost, ...asked, ...freed].sort((x, y) => Date.parse(x.time) - Date.parse(y.time));
  }

  /**
   * Acts on every target; a refusal of one does not affect the others. @param inTurn whether one target follows the
   * other.
   */
  async #forEach(
    targets: readonly Target[],
    act: (path: RelPath) => Promise<Acted | Refused>,
    inTurn = false,
  ): Promise<(Acted | Refused)[]> {
    const results: (Acted | Refused)[] = [];
    const found: { readonly n: number; readonly path: RelPath }[] = [];
    for (const [n, target] of targets.entries()) {
      try {
        found.push({ n, path: this.#served.pathOf(target) });
      } catch (error) {
        results[n] = refused('path' in target ? target.path : `${target.index}`, error as Error);
      }
    }
    const one = async ({ n, path }: (typeof found)[number]) => {
      results[n] = await act(path);
    };
    if (!inTurn) await Promise.all(found.map(one));
    else {
      const sorted = found.sort((x, y) => comparePaths(x.path, y.path));
      for (const [at, next] of sorted.entries()) {
        const before = sorted[at - 1];
        // A target that is named twice is asked for once, or the request would seem to renew its own lock.
        if (before?.path === next.path) results[next.n] = { ...results[before.n]!, changed: false };
        else await one(next);
      }
    }
    return results;
  }
}

const wasCancelled = (result: Acted | Refused): boolean => (result as Partial<Refused>).error?.code === 'interrupted';

/** How the request waits: for all its targets together as long as `waitMs` says; null where it does not wait. */
function waitOf(
  { owner, wait = false, waitMs }: Params<'lock'>,
  call: IncomingCall,
  now = () => performance.now(),
): Wait | null {
  if (!wait && waitMs === undefined) return null;
  const onPosition = (path: RelPath, position: number) => {
    // The end of the connection tells that a caller is gone.
    call.notify('waiting', { path, owner, position }).catch(() => {});
  };
  const until = waitMs === undefined ? null : now() + waitMs;
  return {
    get forMs() {
      return until === null ? null : Math.max(0, until - now());
    },
    signal: call.signal,
    onPosition,
  };
}

/** Adds a note for an owner who renews a lock for another side: the lock stays on its side. */
function withSide(result: Acted | Refused, side: Side): Acted | Refused {
  if (result.changed || 'error' in result || result.side === side) return result;
  const note = `It stays a lock of side ${result.side}: unlock it to take it for side ${side}.`;
  return { ...result, note: typeof result.note === 'string' ? `${note} ${result.note}` : note };
}

const askingRow = ({ path, by, message, time }: Asking): NoticeRow => ({
  ...{ path, reason: 'asked', by, time: iso(time) },
  ...(message === '' ? {} : { message }),
});

const freedRow = ({ path, free, holder }: FreedPath, owner: string): NoticeRow => ({
  ...{ path, reason: 'free', by: owner, time: iso(free) },
  ...(holder === null ? {} : { holder }),
});

const noticeRow = ({ path, reason, by, time }: Notice): NoticeRow => ({ path, reason, by, time: iso(time) });

// People with locks. What they are told is compared with what they were told before: one holds at most, and it stays
// theirs until they give it back, its time is over, or somebody breaks it, whatever dies meanwhile; who stands in line has
// his turn in his order, and who leaves is gone.
import { SyncError } from '../../src/core/errors.js';
import type { HeldWay } from '../../src/core/locks/records.js';
import type { RelPath, Side } from '../../src/core/path.js';
import type { Acted, Refused } from '../../src/wire/client-api/methods.js';
import { commandNameOf } from './editors/programs.js';
import type { Notices } from './notices.js';
import type { ServerA } from './servers.js';
import type { World } from './world.js';

/** What somebody wants. */
export interface Wish {
  readonly kind: 'lock' | 'unlock';
  readonly paths: readonly RelPath[];
  readonly owner: string;
  readonly side: Side;
  readonly ttlMs?: number;
  readonly steal?: boolean;
  readonly force?: boolean;
  readonly held?: HeldWay;
  /** Stands in line, so many milliseconds at most; null: for ever. Of several paths for ever only. */
  readonly wait?: { readonly forMs: number | null };
}

/** Somebody who was told that he holds a lock. */
export interface Claim {
  readonly owner: string;
  /** Whether it may be anybody's by now: its owner has asked to be rid of it, or somebody to break it. */
  releasing: boolean;
  /** From this moment on its time may be over. */
  endsFrom: number;
  ttlMs: number | null;
  readonly token: number;
  /** By how much the clock of side a was off when it was granted; null where that changed meanwhile. */
  readonly clock: number | null;
}

/** A wish that is under way, for one path. */
interface Asked {
  readonly wish: Wish;
  readonly path: RelPath;
  readonly time: number;
  readonly clock: number;
  /** When it was asked, in the order of everything that is. */
  readonly order: number;
  /** When it got its place in line. */
  joined: number | null;
  /** Whether he does not wait any longer. */
  left: boolean;
  /** Whether what he gets may be gone before he has it: renamed, broken, given back. */
  loose: boolean;
  /** Whether his place in line may be of another path by now. */
  moved: boolean;
}

/** Nobody waits longer for what is not a place in line. */
const PATIENCE_MS = 130_000;
/** Who leaves the line is gone from it within this time. */
const LEAVING_MS = 1_000;

export class Clients {
  readonly #world: World;
  readonly #notices: Notices;
  /** By how much the clock of side a is off. */
  readonly #clock: () => number;

  readonly #claims = new Map<RelPath, Claim>();
  readonly #tokens = new Map<number, string>();
  #lastToken = 0;
  #isTableLost = false;
  #order = 0;
  /** Unlocks that are on their way, by owner and path: a lock may be granted and given back before either is answered. */
  readonly #releasing = new Map<string, number>();
  readonly #under = new Set<Asked>();
  readonly #leavers = new Map<Asked, AbortController>();

  constructor(world: World, notices: Notices, clock: () => number) {
    this.#world = world;
    this.#notices = notices;
    this.#clock = clock;
  }

  get asking(): number {
    return this.#under.size;
  }

  async ask(server: ServerA, wish: Wish): Promise<void> {
    this.#world.say(() => `${wish.owner} asks: ${JSON.stringify(wish)}`);
    const controller = new AbortController();
    const asked = wish.paths.map((path) => this.#begin(wish, path));
    for (const each of asked) this.#leavers.set(each, controller);
    const answers = await this.#answersOf(server, asked, wish, controller.signal);
    if (!server.process.alive) return;
    for (const [n, each] of asked.entries()) {
      this.#under.delete(each);
      this.#leavers.delete(each);
      if (wish.kind === 'unlock') this.#count(wish.owner, each.path, -1);
      this.#answered(server, each, answers[n]!);
    }
  }

  #begin(wish: Wish, path: RelPath): Asked {
    const { owner, kind } = wish;
    const world = this.#world;
    const claim = this.#claims.get(path);
    const isBreaking = wish.force === true || wish.steal === true;
    if (claim !== undefined && (claim.owner === owner ? kind === 'unlock' : isBreaking)) claim.releasing = true;
    if (claim?.owner === owner && wish.ttlMs !== undefined) {
      claim.endsFrom = Math.min(claim.endsFrom, world.time + wish.ttlMs);
    }
    for (const other of this.#under) {
      if (other.path !== path) continue;
      if (other.wish.owner === owner ? kind === 'unlock' && other.wish.paths.length > 1 : isBreaking)
        other.loose = true;
    }
    if (kind === 'unlock') this.#count(owner, path, 1);
    const asked: Asked = {
      ...{ wish, path, time: world.time, clock: this.#clock(), order: ++this.#order },
      ...{ joined: null, left: false, loose: false, moved: false },
    };
    this.#under.add(asked);
    return asked;
  }

  async #answersOf(
    server: ServerA,
    asked: readonly Asked[],
    wish: Wish,
    signal: AbortSignal,
  ): Promise<readonly (Acted | Refused)[]> {
    const { kind, owner, side, wait, paths, ttlMs, steal, force, held } = wish;
    const told = (path: string) => {
      const one = asked.find((each) => each.path === path && each.joined === null);
      if (one !== undefined) one.joined = ++this.#order;
    };
    const how = {
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(steal === undefined ? {} : { steal }),
      ...(force === undefined ? {} : { force }),
      ...(held === undefined ? {} : { held }),
    };
    const targets = paths.map((path) => ({ path }));
    const notify = async (_: string, { path }: { path?: string }) => told(path ?? '');
    const call = { id: 1, signal, notify } as unknown as Parameters<typeof server.locks.lock>[1];
    if (wait?.forMs === undefined || wait.forMs === null) {
      const waits = wait === undefined ? {} : { wait: true };
      const answer = await (kind === 'lock'
        ? server.locks.lock({ targets, owner, side, ...how, ...waits }, call)
        : server.locks.unlock({ targets, owner, ...how }));
      this.#told(server, owner, answer.notices);
      return answer.targets;
    }
    const line = { forMs: wait.forMs, signal, onPosition: told };
    const answer = await server.session.lockService.ask({
      kind,
      path: paths[0]!,
      owner,
      side,
      message: '',
      ...how,
      wait: line,
    });
    this.#told(server, owner, server.locks.noticesFor(owner).notices);
    return [answer];
  }

  #told(server: ServerA, owner: string, notices: Parameters<Notices['tell']>[1] = []): void {
    if (server.process.alive) this.#notices.tell(owner, notices);
  }

  #answered(server: ServerA, asked: Asked, answer: Acted | Refused): void {
    const world = this.#world;
    const { wish, path, time } = asked;
    const { owner, kind } = wish;
    world.say(() => `${owner} is answered: ${kind} ${path} ${JSON.stringify(answer).slice(0, 160)}`);
    const longest = wish.wait === undefined ? PATIENCE_MS : (wish.wait.forMs ?? Number.POSITIVE_INFINITY) + PATIENCE_MS;
    if (world.time - time > longest) world.broken(`${owner} waited ${world.time - time} ms for ${kind} ${path}`);
    if ('error' in answer) this.#refused(asked, answer as Refused);
    else if (kind === 'unlock') this.#unlocked(asked, answer);
    // Nobody is there to be told.
    else if (asked.left) this.#shorten(asked);
    else this.#granted(server, asked, answer);
  }

  /** What was asked for may be in force without anybody being told of it: a lock of that owner may end as it says. */
  #shorten({ wish: { owner, ttlMs }, path, time }: Asked): void {
    const claim = this.#claims.get(path);
    if (claim?.owner !== owner || ttlMs === undefined) return;
    claim.endsFrom = Math.min(claim.endsFrom, time + ttlMs);
    claim.ttlMs = Math.min(claim.ttlMs ?? ttlMs, ttlMs);
  }

  #refused(asked: Asked, { error }: Refused): void {
    const { wish, path } = asked;
    const { owner, kind } = wish;
    const claim = this.#claims.get(path);
    // Where it could not be written, a lock that its owner has already has the new time all the same.
    if (error.code === 'failed' && kind === 'lock') this.#shorten(asked);
    if (error.code !== 'locked' || claim?.owner !== owner || this.#mayBeGone(claim) || kind !== 'lock') return;
    this.#world.broken(`${owner} lost the lock of ${path}`);
  }

  #unlocked({ wish: { owner, force }, path }: Asked, answer: Acted): void {
    const isOwn = answer.owner === owner || commandNameOf(String(answer.owner)) === owner;
    if (answer.changed && !isOwn && force !== true) {
      this.#world.broken(`${owner} has unlocked what ${answer.owner} held`);
    }
    if (this.#claims.get(path)?.owner === owner) this.#claims.delete(path);
  }

  #granted(server: ServerA, asked: Asked, answer: Acted): void {
    const world = this.#world;
    const { wish } = asked;
    const { owner } = wish;
    // The file may have been renamed meanwhile, and its line with it.
    const path = answer.path as RelPath;
    const token = answer.token as number;
    const present = this.#claims.get(path);
    // Who waits for several is told of all at the end: some he may have lost again by then.
    if (wish.paths.length > 1 && present !== undefined && present.token >= token) {
      if (present.token === token) this.#claims.set(path, { ...present, ttlMs: wish.ttlMs ?? present.ttlMs });
      return;
    }
    if (present !== undefined && present.owner !== owner && !this.#mayBeGone(present)) {
      world.broken(`${path} is locked by ${present.owner} and ${owner} at once`);
    }
    // Who stands in line twice is answered twice.
    if (answer.changed && !this.#tokens.has(token)) this.#checkLine(server, asked);
    if (answer.changed) this.#checkToken(asked, path, token);
    const isLoose =
      asked.loose || (this.#releasing.get(`${owner} ${path}`) ?? 0) > 0 || this.#isBeingBroken(path, owner);
    // A lock that was granted meanwhile to a request without an answer has the time of that one.
    const former = present?.token === token ? present.ttlMs : null;
    const lasts = answer.expires === null ? null : (wish.ttlMs ?? former ?? 0);
    const clock = asked.clock === this.#clock() ? asked.clock : null;
    const own = lasts === null ? Number.POSITIVE_INFINITY : asked.time + lasts;
    // Who stands in line twice is told twice of the one lock, which has the end of his first place.
    const known = present?.token === token && answer.changed ? present.endsFrom : Number.POSITIVE_INFINITY;
    const endsFrom = Math.min(own, known, this.#soonestEnd(asked));
    this.#claims.set(path, { owner, releasing: isLoose, endsFrom, ttlMs: lasts, token, clock });
  }

  #checkToken({ wish }: Asked, path: RelPath, token: number): void {
    const whose = `${wish.owner} ${path}`;
    const known = this.#tokens.get(token);
    if (known !== undefined && known !== whose) this.#world.broken(`token ${token} for ${known} and for ${whose}`);
    // Who waits for several is told of all at the end.
    if (token < this.#lastToken && wish.paths.length === 1)
      this.#world.broken(`token ${token} after ${this.#lastToken}`);
    this.#tokens.set(token, whose);
    this.#lastToken = Math.max(this.#lastToken, token);
  }

  /** Nobody who stood in line before still does. */
  #checkLine(server: ServerA, { wish, path, joined, order }: Asked): void {
    const isThief = (each: Asked) => each.path === path && each.wish.owner === wish.owner && each.wish.steal === true;
    if (wish.steal === true || [...this.#under].some(isThief)) return;
    const places = [...this.#under].filter((each) => each.path === path && each.wish.owner === wish.owner);
    const place = Math.min(joined ?? order, ...places.map((each) => each.joined ?? Number.POSITIVE_INFINITY));
    for (const other of this.#under) {
      if (other.path !== path || other.joined === null || other.left || other.moved) continue;
      if (other.wish.owner === wish.owner || other.joined > place) continue;
      // Who waits for several may have this one already, and is told at the end.
      const waits = ({ owner }: { owner: string }) => owner === other.wish.owner;
      if (other.wish.paths.length > 1 && !server.lockState.table.waitersOf(path).some(waits)) continue;
      this.#world.broken(`${wish.owner} got ${path} before ${other.wish.owner}, who stood in line before`);
    }
  }

  #isBeingBroken(path: RelPath, owner: string): boolean {
    for (const { wish, path: at } of this.#under) {
      if (at === path && wish.owner !== owner && (wish.force === true || wish.steal === true)) return true;
    }
    return false;
  }

  /** What else its owner has asked for may give it an end before this is known. */
  #soonestEnd({ path, wish: { owner } }: Asked): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { path: at, wish, time } of this.#under) {
      if (at !== path || wish.owner !== owner || wish.ttlMs === undefined) continue;
      soonest = Math.min(soonest, time + wish.ttlMs);
    }
    return soonest;
  }

  #mayBeGone({ releasing, endsFrom }: Claim): boolean {
    return releasing || this.#world.time >= endsFrom - 1;
  }

  /** The pair says that the time of a lock is over. */
  expired(path: string, owner: string): void {
    const claim = this.#claims.get(path as RelPath);
    if (claim?.owner !== owner || this.#mayBeGone(claim)) return;
    this.#world.broken(`the lock of ${owner} on ${path} expired ${claim.endsFrom - this.#world.time} ms early`);
  }

  /** Somebody who stands in line does not want it any more, or his connection is gone. */
  leave(server: ServerA, hangsUp: boolean, pick: <T>(of: readonly T[]) => T): void {
    const one = pick([...this.#under].filter(({ wish, left }) => wish.wait !== undefined && !left));
    if (one === undefined) return;
    const { wish } = one;
    this.#world.say(() => `${wish.owner} ${hangsUp ? 'hangs up' : 'does not wait any longer'}: ${wish.paths}`);
    const controller = this.#leavers.get(one)!;
    for (const each of this.#under) if (this.#leavers.get(each) === controller) each.left = true;
    controller.abort(new SyncError(hangsUp ? 'closed' : 'interrupted', 'Nobody waits any longer.'));
    this.#world.at(LEAVING_MS, () => {
      if (server.process.alive && this.#under.has(one) && one.joined !== null && wish.paths.length === 1)
        this.#world.broken(`${wish.owner} does not wait any longer, and still stands in line for ${one.path}`);
    });
  }

  /** Whether somebody asks for what is held of `path` to be discarded. */
  mayDiscard(path: RelPath): boolean {
    return [...this.#under].some((asked) => asked.path === path && asked.wish.held === 'discard');
  }

  /** Whether somebody asks for what may end the lock of `path`. */
  mayEnd(path: RelPath): boolean {
    for (const [key, count] of this.#releasing) if (count > 0 && key.endsWith(` ${path}`)) return true;
    return [...this.#under].some(({ path: at, wish }) => at === path && (wish.force === true || wish.steal === true));
  }

  /** Those who were told that they hold one of `paths`, were not to be rid of it, and are not `owner`. */
  heldByOthers(owner: string, paths: readonly RelPath[]): Claim[] {
    const claims = paths.flatMap((path) => this.#claims.get(path) ?? []);
    return claims.filter((claim) => claim.owner !== owner && !this.#mayBeGone(claim));
  }

  /**
   * `owner` has files at `paths` renamed, and their locks go along: from now on theirs may be gone from there, also one that
   * is asked for still. @returns to be called when that has ended.
   */
  renaming(owner: string, paths: readonly RelPath[]): () => void {
    for (const path of paths) {
      const claim = this.#claims.get(path);
      if (claim?.owner === owner) claim.releasing = true;
    }
    for (const path of paths) {
      this.#count(owner, path, 1);
      for (const asked of this.#under) {
        if (asked.path !== path) continue;
        asked.moved = true;
        if (asked.wish.owner === owner) asked.loose = true;
      }
    }
    return () => {
      for (const path of paths) this.#count(owner, path, -1);
    };
  }

  #count(owner: string, path: RelPath, by: 1 | -1): void {
    const key = `${owner} ${path}`;
    this.#releasing.set(key, (this.#releasing.get(key) ?? 0) + by);
  }

  /** The lock table is damaged: of what anybody was told, nothing need be true any more. */
  tableLost(): void {
    for (const claim of this.#claims.values()) claim.releasing = true;
    this.#isTableLost = true;
  }

  /** server-a comes with another lock table, whose tokens are its own. */
  tableChanged(): void {
    this.#claims.clear();
    this.#tokens.clear();
    this.#lastToken = 0;
  }

  /**
   * server-a has started anew: whoever was told that they hold a lock still does.
   * @param hasArchive whether it found what else it knows of tokens.
   */
  restarted(server: ServerA, hasArchive: boolean): void {
    this.#releasing.clear();
    this.#under.clear();
    this.#leavers.clear();
    this.#notices.restarted();
    // Where both are lost, tokens go on from the present time, which an earlier loss or another clock may have passed.
    if (this.#isTableLost && !hasArchive && server.process.clock.now() < this.#lastToken) this.#lastToken = 0;
    this.#isTableLost = false;
    for (const [path, claim] of this.#claims) {
      const { owner, clock, ttlMs } = claim;
      // What was recorded is the moment by the clock: one that was set meanwhile ends it earlier.
      if (ttlMs !== null && clock !== this.#clock()) claim.endsFrom = 0;
      if (!this.#mayBeGone(claim) && server.lockState.table.locks.get(path)?.owner !== owner) {
        this.#world.broken(`the lock of ${owner} on ${path} did not survive`);
      }
    }
  }
}

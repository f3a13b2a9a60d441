// What must be true of the locks that documents take for who has them open.
import type { SyncEvent } from '../../../src/core/events.js';
import { isHolder, type Lock } from '../../../src/core/locks/records.js';
import { isAtOrBelow, otherSide, parentOf, type RelPath, type Side } from '../../../src/core/path.js';
import type { StoredRow } from '../../../src/sync/locks/lock-store.js';
import type { Clients } from '../clients.js';
import type { Ledger } from '../ledger.js';
import type { Place } from '../replica.js';
import type { ServerA } from '../servers.js';
import type { Users } from '../users.js';
import type { World } from '../world.js';
import type { Editors } from './editors.js';
import { commandNameOf } from './programs.js';

/** An owner file that is gone for less may come back. */
const GONE_MS = 2_000;
/** A change that is younger may be unknown to both servers. */
const FRESH_MS = 500;

interface Known {
  readonly lock: Lock;
  readonly since: number;
  /** Since when its side is away; null while it is connected. */
  readonly away: number | null;
}

interface Parts {
  readonly world: World;
  readonly editors: Editors;
  readonly clients: Clients;
  readonly users: Users;
  readonly ledger: Ledger;
  readonly places: { readonly a: Place; readonly b: Place };
}

export class EditorOracle {
  readonly #parts: Parts;
  readonly #locks = new Map<RelPath, Known>();
  /** By side and path, the documents whose lock a person has ended or taken while they were open. */
  readonly #dismissed = new Set<string>();
  /** By side and path, who was said to have it open. */
  readonly #said = new Map<string, string>();
  /** Whether the clock of side a was set, and whether a disk changed by itself. */
  isClockSet = false;
  isDiskChanged = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  #broken(what: string): void {
    this.#parts.world.broken(what);
  }

  /** server-a has started anew. */
  restarted({ lockState }: ServerA): void {
    const former = new Map([...this.#locks.values()].map((known) => [known.lock.token, known]));
    this.#locks.clear();
    this.#dismissed.clear();
    for (const key of lockState.table.dismissals.keys()) this.#dismissed.add(key);
    this.#said.clear();
    // Of a lock that comes back from a damaged table, or from before a power cut, it is not known since when its side is
    // away.
    const unknown = { since: this.#parts.world.time, away: 0 };
    for (const lock of lockState.table.locks.values()) {
      const known = former.get(lock.token);
      const isOlder = known?.away === null && lock.auto?.away !== undefined;
      this.#note(lock, known === undefined || isOlder ? { lock, ...unknown } : known);
    }
  }

  #note(lock: Lock, known: Known | undefined): void {
    const { time } = this.#parts.world;
    const away = lock.auto?.away === undefined ? null : (known?.away ?? time);
    this.#locks.set(lock.path, { lock, since: known?.since ?? time, away });
  }

  /** Rows of the lock table have changed. */
  noteRows(server: ServerA, rows: readonly StoredRow[]): void {
    for (const row of rows) {
      if (row.table !== 'lock') continue;
      const path = row.key as RelPath;
      const former = this.#locks.get(path);
      this.#locks.delete(path);
      const isSame = former !== undefined && former.lock.token === row.value?.token;
      if (row.value !== null) this.#note(row.value, isSame ? former : undefined);
      if (former !== undefined && !isSame) this.#ended(server, former);
      // Whoever takes it by hand decides when it ends.
      if (isSame && row.value?.auto === undefined) this.#dismissed.add(`${former.lock.side} ${path}`);
      if (row.value?.auto !== undefined && !isSame) this.#taken(row.value);
    }
  }

  #taken({ path, owner, side, auto }: Lock): void {
    // A power cut or another disk brings back what nobody has written.
    if (auto?.app === null && !this.isDiskChanged && !this.#parts.users.touchedOn.has(`${side} ${path}`))
      this.#broken(`${path} is locked as if it were in work on side ${side}, and nobody was there`);
    for (const claim of this.#parts.clients.heldByOthers(commandNameOf(owner), [path]))
      this.#broken(`${path} is locked by itself for ${owner}, and ${claim.owner} has it`);
  }

  #ended(server: ServerA, { lock, since, away }: Known): void {
    const { clients, world, editors } = this.#parts;
    const { path, side, auto, token } = lock;
    if (clients.mayEnd(path)) {
      this.#dismissed.add(`${side} ${path}`);
      return;
    }
    if (auto === undefined) {
      if (clients.heldByOthers('', [path]).some((claim) => claim.token === token))
        this.#broken(`the lock of ${lock.owner} on ${path} was taken by hand, and ended by itself`);
      return;
    }
    if (away !== null && (this.isClockSet || world.time >= away + editors.graceMs - 1)) return;
    if (auto.app !== null && server.isAutoLocking && editors.rules.ruleOf(path).auto === 'auto')
      this.#isClosed(lock, since);
    // A server-a that is to lock nothing by itself does not wait for side b.
    if (server.isAutoLocking || side === 'a') this.#isAcross(server, lock);
  }

  /** The document has been closed for long enough. */
  #isClosed({ path, side, owner }: Lock, since: number): void {
    const { world, editors, places } = this.#parts;
    const programs = editors.programs[side];
    const opening = programs.at(path);
    if (opening === null || opening.owner !== owner) return;
    // A server that scans for the first time later does not know that it was open just now.
    const isKnown = opening.isSeen && opening.since <= since && places[side].disk.at(path) !== null;
    if (opening.state === 'open' && isKnown) this.#broken(`${path} is open still, and its lock ended by itself`);
    const isShort = opening.state === 'closed' && world.time < opening.ended + GONE_MS;
    if (isShort && isKnown)
      this.#broken(`the lock of ${path} ended ${world.time - opening.ended} ms after it was closed`);
  }

  /** The holder's last content is on the other side. */
  #isAcross({ lockState }: ServerA, { path, side }: Lock): void {
    const { world, users, ledger, places } = this.#parts;
    if (lockState.table.drains.has(path) || lockState.table.heldOf(path).length > 0) return;
    const inode = places[side].disk.at(path);
    if (inode?.type !== 'file' || ledger.placed.has(inode.content)) return;
    if (places[otherSide(side)].disk.at(path)?.content === inode.content) return;
    const isUnknown = [places.a, places.b].some(({ dirty, untold }) => dirty.has(path) || untold.has(path));
    if (isUnknown || (users.touched.get(path) ?? 0) > world.time - FRESH_MS) return;
    this.#broken(`the lock of ${path} ended, and ${inode.content} is not on the other side`);
  }

  said(event: SyncEvent): void {
    if (event.event !== 'opened' && event.event !== 'closed') return;
    const key = `${event.side} ${event.path}`;
    const who = `${event.owner} in ${event.app}`;
    const before = this.#said.get(key) ?? null;
    if (event.event === 'closed') {
      if (before !== who) this.#broken(`${key} was closed for ${who}, and was open for ${before}`);
      this.#said.delete(key);
      this.#dismissed.delete(key);
    } else {
      if (before !== null) this.#broken(`${key} was opened by ${who}, and was open for ${before}`);
      this.#said.set(key, who);
    }
  }

  /** Both sides are connected, and nothing moves: what is open is locked. */
  atRest(server: ServerA): void {
    const { editors } = this.#parts;
    const { locks } = server.lockState.table;
    for (const side of ['a', 'b'] as const) {
      for (const { path, owner } of editors.programs[side].open()) {
        const lock = locks.get(path);
        if (lock !== undefined || !server.isAutoLocking || editors.rules.ruleOf(path).auto !== 'auto') continue;
        if (this.#dismissed.has(`${side} ${path}`) || !this.#isFile(path)) continue;
        this.#broken(`at rest ${path} is open for ${owner} on side ${side}, and not locked`);
      }
    }
    for (const lock of locks.values()) {
      const isOpen = this.#isOpen(lock, lock.side);
      if (lock.auto !== undefined && !isOpen && !this.#isHeldBack(server, lock)) this.#stuck(lock);
    }
  }

  #isFile(path: RelPath): boolean {
    const { a, b } = this.#parts.places;
    return [a, b].some(({ disk }) => ![undefined, 'dir'].includes(disk.at(path)?.type));
  }

  #isOpen(lock: Lock, side: Side): boolean {
    const opening = this.#parts.editors.programs[side].at(lock.path);
    return opening?.state === 'open' && isHolder(lock, opening.owner);
  }

  #stuck({ path, owner, side }: Lock): void {
    this.#broken(`at rest ${path} is locked by itself for ${owner} on side ${side}, and not open there`);
  }

  /** All documents have been closed for a while. */
  atTheEnd(server: ServerA): void {
    for (const lock of server.lockState.table.locks.values())
      if (lock.auto !== undefined && !this.#isHeldBack(server, lock)) this.#stuck(lock);
    for (const [key, who] of this.#said) this.#broken(`${key} was opened by ${who}, and never closed`);
  }

  /**
   * Whether a change above or below is held because of another lock, or one beside it in a directory in whose place there
   * is something else on one side: it holds back what is to come to the other side.
   */
  #isHeldBack({ lockState }: ServerA, { path }: Lock): boolean {
    const { a, b } = this.#parts.places;
    const isReplaced = (dir: RelPath) => [a, b].some(({ disk }) => ![undefined, 'dir'].includes(disk.at(dir)?.type));
    return [...lockState.table.held.keys()].some(
      (held) =>
        held !== path &&
        (isAtOrBelow(path, held) ||
          isAtOrBelow(held, path) ||
          ancestorsOf(path).some((dir) => isAtOrBelow(held, dir) && isReplaced(dir))),
    );
  }
}

function ancestorsOf(path: RelPath): RelPath[] {
  const parent = parentOf(path);
  return parent === '' ? [] : [parent, ...ancestorsOf(parent)];
}

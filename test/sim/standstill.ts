// Nothing may be written while it is not certain what is meant: after the lock table was damaged, after one side lost most of
// its files, and while side a is a directory below a mount point. It stands still until a person has said what is meant.
import type { Change } from '../../src/core/change.js';
import { MAX_LOST_FILES } from '../../src/core/loss.js';
import type { RootDescription } from '../../src/core/partner.js';
import { isAtOrBelow, otherSide, type RelPath, type Side } from '../../src/core/path.js';
import type { Snapshot } from '../../src/core/snapshot.js';
import type { Confirmation } from '../../src/wire/client-api/methods.js';
import { contentOf } from './disk.js';
import type { Place } from './replica.js';
import type { ServerA } from './servers.js';
import type { Users } from './users.js';
import type { World } from './world.js';

type Cause =
  | { readonly code: 'locks-lost'; readonly held: ReadonlySet<string> }
  /** What is missing on `side` stays on the other one. */
  | { readonly code: 'mass-deletion'; readonly side: Side; readonly kept: ReadonlyMap<string, string> }
  /** `was`: the root whose disk is not mounted. `isSure`: server-a has been told enough to know. */
  | { readonly code: 'root-unmounted'; readonly was: string; isSure: boolean };

const WORDS: Readonly<Record<Cause['code'], readonly (keyof Confirmation)[]>> = {
  'locks-lost': ['acceptLostLocks'],
  'mass-deletion': ['acceptDeletes', 'newPartner'],
  'root-unmounted': ['newPartner'],
};

export class Standstill {
  readonly #world: World;
  readonly #users: Users;
  readonly #places: { readonly a: Place; readonly b: Place };
  readonly #isWriting: () => boolean;

  #cause: Cause | null = null;
  #since = 0;

  constructor(world: World, users: Users, places: { readonly a: Place; readonly b: Place }, isWriting: () => boolean) {
    this.#world = world;
    this.#users = users;
    this.#places = places;
    this.#isWriting = isWriting;
  }

  get isOn(): boolean {
    return this.#cause !== null;
  }

  #begin(cause: Cause): void {
    this.#cause = cause;
    this.#since = this.#world.time;
    this.#world.say(() => `nothing may change (${cause.code}) before somebody has confirmed it`);
  }

  /** Some of the lock table is gone. */
  locksLost(): void {
    this.#begin({ code: 'locks-lost', held: new Set(this.#places.a.disk.held.keys()) });
  }

  /** Side a comes up without the disk on which it was `was`. */
  unmounted(was: string): void {
    this.#begin({ code: 'root-unmounted', was, isSure: false });
  }

  /**
   * What is below `directory` goes from `side` now.
   * @param archive what server-a knows as shared.
   */
  removing(side: Side, directory: string, archive: Snapshot): void {
    const kept = new Map<string, string>();
    for (const [path, node] of archive.walk(directory as RelPath)) {
      const content = node.type === 'file' ? contentOf(node) : null;
      if (content === null || !this.#has(side, path, content) || !this.#has(otherSide(side), path, content)) continue;
      kept.set(path, content);
    }
    if (isMost(kept.size, archive.files)) this.#begin({ code: 'mass-deletion', side, kept });
  }

  #has(side: Side, path: string, content: string): boolean {
    return this.#places[side].disk.at(path)?.content === content;
  }

  /** server-a was killed: what counts is what its archive has on the disk, by path. */
  killed(rows: ReadonlyMap<string, string>): void {
    const cause = this.#cause;
    if (cause?.code !== 'mass-deletion') return;
    const isKnown = (path: string) => (rows.get(path) ?? 'null') !== 'null';
    const files = [...rows.values()].filter((row) => row !== 'null' && !row.includes('"dir"')).length;
    if (!isMost([...cause.kept.keys()].filter(isKnown).length, files)) this.#cause = null;
  }

  /**
   * The power of `side` failed, and may have brought back what its people had just removed.
   * @param isReported whether server-a has halted for what is missing there: then that holds until nothing is missing.
   */
  powerCut(side: Side, isReported: boolean): void {
    const cause = this.#cause;
    if (cause?.code !== 'mass-deletion') return;
    // What the people of the other side had removed as well may be back, and nobody can tell that from what was there.
    if (cause.side !== side) this.#cause = null;
    if (cause.side !== side || isReported) return;
    // Nobody has seen more missing than there is now.
    if (!isMost(this.#missing(cause), cause.kept.size)) this.#cause = null;
  }

  /** The halt is over: where the people of side b have made both alike, what a power cut brings back is new. */
  resumed(): void {
    if (this.#cause?.code === 'root-unmounted' && this.#isMostlySame()) this.#cause = null;
  }

  /** A side is another one, or has forgotten what it knew: only what the lock table lost is as it was. */
  rootChanged(): void {
    if (this.#cause?.code !== 'locks-lost') this.#cause = null;
  }

  /** server-a comes with another disk, and with the lock table that is on it. */
  diskChanged(): void {
    this.#cause = null;
  }

  /** server-a has been told what side b has. */
  told(): void {
    const cause = this.#cause;
    if (cause?.code !== 'root-unmounted' || cause.isSure) return;
    // Where side b does not remember the root that was mounted, or has no more than the bare directory, nobody can know.
    if (partnerOf(this.#places.b)?.root === cause.was && !this.#isMostlySame()) cause.isSure = true;
    else this.#cause = null;
  }

  /** Whether half of what side b has is on side a, or may be: its people were there. */
  #isMostlySame(): boolean {
    const { disk, unreadable } = this.#places.b;
    // What cannot be read counts once, whatever is in it.
    const hidden = [...unreadable].filter((path) => disk.at(path) !== null);
    const isHidden = (path: string) => hidden.some((above) => isAtOrBelow(path, above));
    const files = [...disk.walk()].filter(([path, { type }]) => type !== 'dir' && !isHidden(path));
    const same = files.filter(([path, { content }]) => this.#isTouched(path) || this.#has('a', path, content));
    return same.length * 2 >= files.length + hidden.length;
  }

  #isTouched(path: string): boolean {
    return (this.#users.touched.get(path) ?? 0) > this.#since;
  }

  /** Something was written on `side`, by an apply that began at `begun`. */
  changed(side: Side, { path, action, before, from }: Change, begun: number): void {
    const cause = this.#cause;
    if (cause === null || this.#isWriting()) return;
    if (cause.code === 'mass-deletion') {
      if (side === cause.side || action === 'metadata') return;
      for (const [at, entry] of [[path, before] as const, ...(from ? [[from.path, from.entry] as const] : [])]) {
        const isKept = entry?.type === 'file' && cause.kept.get(at) === contentOf(entry) && !this.#isTouched(at);
        if (isKept) this.#world.broken(`${at} went from side ${side} (mass-deletion), and nobody confirmed it`);
      }
      return;
    }
    // What server-b had begun for an earlier connection ends some time.
    if (side === 'b' && begun <= this.#since) return;
    if (cause.code === 'root-unmounted' && this.#isMostlySame()) {
      // The people of side b have made it so: then both are alike, and what follows may make them differ again.
      this.#cause = null;
      return;
    }
    this.#world.broken(`${path} was changed on side ${side} (${cause.code}), and nobody confirmed it`);
  }

  /** A person has typed `what`. */
  confirmed(what: Confirmation): void {
    const cause = this.#cause;
    if (cause === null || !WORDS[cause.code].some((word) => what[word] === true)) return;
    this.#nothingDiscarded(cause);
    this.#cause = null;
  }

  /** In fair weather, after a while: it has been noticed. */
  isNoticed({ session }: ServerA): void {
    const cause = this.#cause;
    if (cause === null) return;
    this.#nothingDiscarded(cause);
    if (session.halt !== null) return;
    if (cause.code === 'mass-deletion' && !isMost(this.#missing(cause), cause.kept.size)) return;
    if (cause.code === 'root-unmounted' && (!cause.isSure || this.#isMostlySame())) return;
    this.#world.broken(`nobody halts, though there is ${cause.code}`);
  }

  #missing({ side, kept }: Cause & { code: 'mass-deletion' }): number {
    const isMissing = ([path, content]: [string, string]) =>
      this.#places[side].disk.at(path) === null && this.#has(otherSide(side), path, content);
    return [...kept].filter(isMissing).length;
  }

  /** What is held stays, also where nothing is known of it any more. */
  #nothingDiscarded(cause: Cause): void {
    if (cause.code !== 'locks-lost') return;
    const { held } = this.#places.a.disk;
    for (const name of cause.held)
      if (!held.has(name)) this.#world.broken(`held/${name} went, and nobody confirmed it`);
  }
}

/** Whether so many files are enough for a halt, whatever else went. */
const isMost = (files: number, of: number): boolean => files > MAX_LOST_FILES && files * 2 > of;

/** The side a that the root at `place` remembers. */
function partnerOf({ disk }: Place): RootDescription | null {
  let partner: RootDescription | null = null;
  for (const [table, key, value] of disk.journals.get('seen.log')?.lines.flat() ?? []) {
    if (table === 'partner' && key === 'with') partner = value as RootDescription | null;
  }
  return partner;
}

// What becomes of side b's disk: a backup of it is put back, server-b comes with another directory, or with the former one
// again; what servers forget of their roots; and side a without its disk mounted. No disk is ever thrown away: what was on
// one is to be had from the drawer.
import type { RelPath } from '../../src/core/path.js';
import { SimDisk } from './disk.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';
import type { Place } from './replica.js';
import type { Desk, Users } from './users.js';
import { beforeNow, type World } from './world.js';

/** How a disk came to be side b's. */
export type Arrival = 'other' | 'backup' | 'former';

export class Roots {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #users: Users;
  readonly #place: Place;
  readonly #lockService: () => Desk;

  #drawer: SimDisk | null = null;
  #backup: SimDisk | null = null;
  /** The disk of side a that is not mounted at present. */
  #mounted: SimDisk | null = null;
  #ids = 0;
  readonly #placeA: Place;

  constructor(
    world: World,
    ledger: Ledger,
    users: Users,
    { a, b }: { readonly a: Place; readonly b: Place },
    lockService: () => Desk,
  ) {
    this.#placeA = a;
    this.#place = b;
    this.#world = world;
    this.#ledger = ledger;
    this.#users = users;
    this.#lockService = lockService;
  }

  get hasBackup(): boolean {
    return this.#backup !== null;
  }

  /** The disk that was side b's before; null where there was none. */
  get former(): SimDisk | null {
    return this.#drawer;
  }

  /** Copies the disk as it is, as a snapshot of it would. */
  takeBackup(): void {
    this.#world.say(() => '!  a backup of b is taken');
    this.#backup = this.#place.disk.copy();
  }

  /** server-b does not run. */
  restoreBackup(): void {
    const backup = this.#backup;
    if (backup === null) return;
    this.#backup = null;
    this.#change(backup);
  }

  /** server-a comes up without the disk that its directory is on: it finds the bare directory below the mount point. */
  unmount(): void {
    const disk = new SimDisk(this.#ledger);
    const { directory, device } = this.#placeA.disk;
    Object.assign(disk, { id: `root-a${++this.#ids}`, directory, device: String(Number(device) + 1) });
    this.#mounted = this.#replace(this.#placeA, disk);
  }

  get isUnmounted(): boolean {
    return this.#mounted !== null;
  }

  mount(): void {
    if (this.#mounted !== null) this.#replace(this.#placeA, this.#mounted);
    this.#mounted = null;
  }

  /** The bare directory is side a's from now on. */
  stayUnmounted(): void {
    this.#mounted = null;
  }

  formerBack(): void {
    if (this.#drawer !== null) this.#change(this.#drawer);
  }

  /** Another root: with other files, none, or mostly the same ones. */
  another(random: Random): void {
    const place = this.#place;
    const ledger = this.#ledger;
    const users = this.#users;
    const kind = random.pick(['other', 'other', 'none', 'same', 'same'] as const);
    const disk = kind === 'same' ? place.disk.copy() : new SimDisk(ledger);
    disk.id = `root-b${++this.#ids}`;
    disk.former = [];
    disk.directory = `/b${this.#ids}`;
    disk.journals.clear();
    disk.held.clear();
    this.#change(disk);
    if (kind === 'none') return;
    for (let n = kind === 'same' ? random.below(3) : 1 + random.below(8); n > 0; n--) {
      users.act(this.#lockService(), kind === 'same' ? random.pick(['save', 'delete', 'create']) : 'create', random);
    }
  }

  #change(disk: SimDisk): void {
    this.#drawer = this.#replace(this.#place, disk);
  }

  /** @returns the disk that was there before. */
  #replace(place: Place, disk: SimDisk): SimDisk {
    const users = this.#users;
    const world = this.#world;
    const before = place.disk;
    place.disk = disk;
    for (const each of [before, disk]) {
      for (const [path] of each.walk()) {
        place.dirty.add(path);
        users.touched.set(path, beforeNow(world));
      }
    }
    return before;
  }

  /** What was last seen of a root is lost: it becomes another one, and knows that it was this one. */
  forgetSeen(place: Place): void {
    const { disk } = place;
    disk.journals.delete('seen.log');
    disk.former = [...disk.former, disk.id];
    disk.id = `${disk.id.split('.')[0]}.${++this.#ids}`;
  }

  /** Its people take everything away while no server looks. */
  empty(): void {
    const { disk } = this.#place;
    for (const name of [...disk.root.children.keys()] as RelPath[]) this.#users.removeAt(this.#lockService(), name);
  }
}

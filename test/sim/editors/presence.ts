// What a server finds out about open documents, as src/disk/owner-files does it: from the first scan on, when a watcher
// or a scan notices an owner file, and each second whether it is there still.
import { parentOf, type RelPath } from '../../../src/core/path.js';
import type { OpenDocuments } from '../../../src/replica.js';
import type { Place } from '../replica.js';
import type { Process } from '../world.js';
import { accountOf, type Opening, type Programs } from './programs.js';

const GONE_MS = 2_000;
const CHECK_MS = 1_000;

interface Present {
  readonly opening: Opening;
  /** Since when the owner file is gone; null while it is there. */
  readonly goneSince: number | null;
}

export class Presence {
  readonly #place: Place;
  readonly #programs: Programs;
  readonly #process: Process;
  readonly #present = new Map<RelPath, Present>();
  #isScanned = false;
  #told = '';
  #cancelCheck: (() => void) | null = null;
  onOpened: (open: OpenDocuments) => void = () => {};

  constructor(place: Place, programs: Programs, process: Process) {
    this.#place = place;
    this.#programs = programs;
    this.#process = process;
    programs.watch(() => {
      if (process.alive) this.#read();
    });
  }

  /** The root was scanned, all of it or some. */
  scanned(isWhole: boolean): void {
    if (this.#isScanned && !isWhole) return;
    this.#isScanned = true;
    this.#read();
  }

  /** What is open; null until the root was scanned. */
  get open(): OpenDocuments | null {
    if (!this.#isScanned) return null;
    const documents = [...this.#present.values()].map(({ opening: { path, app, owner, account } }) => ({
      ...{ path, app, owner, account },
    }));
    return { account: accountOf(this.#place.name), documents };
  }

  #read(): void {
    for (const opening of this.#programs.open()) {
      const { path } = opening;
      // An owner file without a document is nobody's, unless it is known whose it was.
      if (this.#place.disk.at(path) === null && !this.#present.has(path)) continue;
      opening.isSeen = true;
      this.#present.set(path, { opening, goneSince: null });
    }
    this.#check();
  }

  #check(): void {
    const now = this.#process.world.time;
    for (const [path, { opening, goneSince }] of this.#present) {
      const isThere = opening.state === 'open' && this.#place.disk.at(parentOf(path)) === opening.dir;
      const isDead = opening.state === 'crashed';
      if (isThere && goneSince === null) continue;
      const since = goneSince ?? now;
      if (isDead || now >= since + GONE_MS) this.#present.delete(path);
      else this.#present.set(path, { opening, goneSince: since });
    }
    this.#tell();
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = null;
    if (this.#present.size === 0) return;
    const now = this.#process.world.time;
    const gone = [...this.#present.values()].flatMap(({ goneSince }) => goneSince ?? []);
    const next = Math.min(CHECK_MS, ...gone.map((since) => since + GONE_MS - now).filter((ms) => ms > 0));
    this.#cancelCheck = this.#process.clock.after(next, () => this.#check());
  }

  #tell(): void {
    const { open } = this;
    const text = JSON.stringify(open);
    if (open === null || text === this.#told) return;
    this.#told = text;
    this.onOpened(open);
  }
}

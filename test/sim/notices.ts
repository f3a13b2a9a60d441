// Who lost a lock without having given it back is told, once, and nobody is told of what never was.
import type { SyncEvent } from '../../src/core/events.js';
import type { NoticeRow } from '../../src/wire/client-api/notice.js';
import { commandNameOf } from './editors/programs.js';
import type { World } from './world.js';

type Loss = Pick<NoticeRow, 'path' | 'reason' | 'by'> & { readonly owner: string };

export class Notices {
  readonly #world: World;
  /** Whether rows may fail to get to the disk: then something is in force that is never said. */
  readonly #mayFailToSay: () => boolean;

  /** Losses that were said and not told to their owner yet. */
  readonly #owed: Loss[] = [];
  /** Losses that were told before they were said, because their rows could not be written at first. */
  readonly #early: Loss[] = [];
  /** Losses that the owner was told of by the server that runs. */
  readonly #told = new Set<string>();
  /** What a killed server may have known, and not have said; or have told, and not have noted as told. */
  #isUnsure = false;

  constructor(world: World, mayFailToSay: () => boolean) {
    this.#world = world;
    this.#mayFailToSay = mayFailToSay;
  }

  said({ path, owner: holder, by, reason }: SyncEvent & { event: 'unlocked' }): void {
    if (reason === 'released') return;
    const owner = commandNameOf(holder);
    const early = this.#early.findIndex((loss) => isThat(loss, owner, { path, reason, by }));
    if (early >= 0) this.#early.splice(early, 1);
    else this.#owed.push({ path, owner, by, reason });
  }

  restarted(): void {
    this.#isUnsure = true;
    this.#told.clear();
    this.#early.length = 0;
  }

  /** Nothing is known any more of what anybody is to be told. */
  tableLost(): void {
    this.#owed.length = 0;
    this.#isUnsure = true;
  }

  tell(owner: string, rows: readonly NoticeRow[]): void {
    for (const row of rows) {
      const key = JSON.stringify([owner, row]);
      this.#world.say(() => `${owner} is told: ${key}`);
      const at = this.#owed.findIndex((loss) => isThat(loss, owner, row));
      // Two losses of a path in the same millisecond look alike.
      if (at >= 0) this.#owed.splice(at, 1);
      else if (this.#told.has(key)) this.#world.broken(`${owner} was told twice of ${row.path}`);
      else if (!this.#isUnsure && !this.#mayFailToSay())
        this.#world.broken(`${owner} was told of a loss that was none: ${key}`);
      else this.#early.push({ ...row, owner });
      this.#told.add(key);
    }
  }

  /** Everybody has asked once more. */
  atTheEnd(): void {
    const [loss] = this.#owed;
    if (loss !== undefined)
      this.#world.broken(`${loss.owner} was never told of the loss of ${loss.path} (${loss.reason})`);
  }
}

const isThat = (loss: Loss, owner: string, { path, reason, by }: Omit<Loss, 'owner'>): boolean =>
  loss.owner === owner && loss.path === path && loss.reason === reason && loss.by === by;

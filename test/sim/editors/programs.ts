// The documents that programs have open on one side. An owner file stands for its program, beside the document; where the
// program dies, or the machine, the owner file stays.
import { parentOf, type RelPath, type Side } from '../../../src/core/path.js';
import type { Inode } from '../disk.js';
import type { Place } from '../replica.js';
import type { World } from '../world.js';

/** Who opens documents: the name in the owner file, and the account where the program writes it down. */
export interface Person {
  readonly owner: string;
  readonly account: string | null;
}

export const PEOPLE: readonly Person[] = [
  { owner: 'Ann', account: null },
  { owner: 'Bob', account: null },
  { owner: 'Eva E.', account: 'eva@pc' },
];

/** The account of the server of a side. */
export const accountOf = (side: Side): string => `server@${side}`;

/** @returns the name under which the owner of a lock gives commands. */
export const commandNameOf = (owner: string): string =>
  PEOPLE.find((person) => person.owner === owner)?.account ?? owner;

/** One document in one program. */
export interface Opening extends Person {
  readonly path: RelPath;
  readonly app: string;
  /** The directory in which the owner file is. */
  readonly dir: Inode;
  readonly since: number;
  /** `crashed`: the owner file is there, and its program is not. `lost`: it went with its directory or its disk. */
  state: 'open' | 'closed' | 'crashed' | 'lost';
  /** When it was not open any more. */
  ended: number;
  /** Whether the server that runs on its side has seen it. */
  isSeen: boolean;
}

export class Programs {
  readonly #world: World;
  readonly #place: Place;
  /** The last opening of each document. */
  readonly #last = new Map<RelPath, Opening>();

  #onChange: () => void = () => {};

  constructor(world: World, place: Place) {
    this.#world = world;
    this.#place = place;
  }

  /** A server has started on this side: what the one before has seen it does not know. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
    for (const opening of this.#last.values()) opening.isSeen = false;
  }

  /** Lets the server look again. */
  notice(): void {
    this.#onChange();
  }

  get side(): Side {
    return this.#place.name;
  }

  /** @returns the last opening of `path`, whatever became of it; null where there was none. */
  at(path: RelPath): Opening | null {
    const opening = this.#last.get(path) ?? null;
    if (opening !== null) this.#check(opening);
    return opening;
  }

  /** @returns what is open. */
  open(): Opening[] {
    return this.all().filter(({ state }) => state === 'open');
  }

  all(): Opening[] {
    const all = [...this.#last.values()];
    for (const opening of all) this.#check(opening);
    return all;
  }

  /** An owner file goes with its directory. */
  #check(opening: Opening): void {
    const { state, dir, path } = opening;
    if (state === 'closed' || state === 'lost' || this.#place.disk.at(parentOf(path)) === dir) return;
    this.#end(opening, 'lost');
  }

  begin(path: RelPath, person: Person, app: string): void {
    const dir = this.#place.disk.at(parentOf(path));
    if (dir === null || this.#place.disk.at(path)?.type !== 'file') return;
    this.#say(`${person.owner} opens ${path} in ${app}`);
    const former = this.at(path);
    if (former?.state === 'open') this.#end(former, 'lost');
    const { owner, account } = person;
    const since = this.#world.time;
    this.#last.set(path, { path, owner, account, app, dir, since, state: 'open', ended: 0, isSeen: false });
    this.#changed();
  }

  end(opening: Opening, state: 'closed' | 'crashed' | 'lost'): void {
    if (opening.state !== 'open' && state !== 'lost') return;
    this.#end(opening, state);
    this.#changed();
  }

  #end(opening: Opening, state: Opening['state']): void {
    this.#say(`${opening.path} of ${opening.owner} is ${state} in ${opening.app}`);
    opening.state = state;
    opening.ended = this.#world.time;
  }

  #say(what: string): void {
    this.#world.say(() => `${this.side}  ${what}`);
  }

  /** The watcher learns it soon, late or never. */
  #changed(): void {
    const { random, weather } = this.#world;
    if (random.chance(weather.lostHint)) return;
    this.#world.at(random.between(0, random.chance(0.1) ? 200 : 2), () => this.#onChange());
  }
}

// People who work in documents: they open them in programs on either side, save, save under another name, close, and lose
// their programs; and somebody changes the rules.
import { parseLockRules } from '../../../src/core/owner-files/rules.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { Random } from '../random.js';
import type { Place } from '../replica.js';
import type { Desk, Users } from '../users.js';
import type { World } from '../world.js';
import { type Opening, PEOPLE, Programs } from './programs.js';

const APPS = ['LibreOffice', 'AutoCAD'];
const ACTS = ['open', 'open', 'save', 'save', 'save', 'save-close', 'save-as', 'close', 'close', 'crash', 'again'];
const RULES = [
  ...['', '', '', 'x never', '*.t never', 'y first-write 3s'],
  ...['*.t first-write 500ms\nx never', 'x first-write 10s'],
];
const GRACE_MS = [300, 3_000, 900_000];

interface Desks {
  readonly places: { readonly a: Place; readonly b: Place };
  readonly desk: (side: Side) => Desk;
  readonly users: Users;
}

export class Editors {
  readonly #world: World;
  readonly #desks: Desks;
  readonly programs: { readonly a: Programs; readonly b: Programs };
  readonly graceMs: number;
  rules: ReturnType<typeof parseLockRules>['rules'];

  constructor(world: World, desks: Desks, random: Random) {
    this.#world = world;
    this.#desks = desks;
    const { a, b } = desks.places;
    this.programs = { a: new Programs(world, a), b: new Programs(world, b) };
    this.graceMs = random.pick(GRACE_MS);
    this.rules = this.#newRules(random);
  }

  #newRules(random: Random): Editors['rules'] {
    const text = random.pick(RULES);
    this.#world.say(() => `the rules are ${JSON.stringify(text)}`);
    return parseLockRules(text).rules;
  }

  /** One thing that somebody does. */
  act(random: Random): void {
    const side = random.pick(['a', 'b'] as const);
    const programs = this.programs[side];
    const open = programs.open();
    if (random.chance(0.02)) this.rules = this.#newRules(random);
    const kind = open.length === 0 ? random.pick(['open', 'open', 'again']) : random.pick(ACTS);
    if (kind === 'open') this.#open(side, random);
    else if (kind === 'again') this.#again(programs, random);
    else this.#actIn(random.pick(open), programs, kind, random);
  }

  #open(side: Side, random: Random): void {
    const { disk } = this.#desks.places[side];
    const files = [...disk.walk()].flatMap(([path, { type }]) => (type === 'file' ? path : []));
    const others = this.programs[side === 'a' ? 'b' : 'a'].open().map(({ path }) => path);
    const path = random.pick(random.chance(0.4) && others.length > 0 ? others : files) as RelPath | undefined;
    const programs = this.programs[side];
    if (path === undefined || programs.at(path)?.state === 'open') return;
    programs.begin(path, random.pick(PEOPLE), random.pick(APPS));
  }

  /** A document is opened once more, mostly by who had it. */
  #again(programs: Programs, random: Random): void {
    const former = programs.all().filter(({ state }) => state !== 'open');
    const one = former.at(-1);
    if (one === undefined) return;
    programs.begin(one.path, random.chance(0.8) ? one : random.pick(PEOPLE), one.app);
  }

  #actIn(opening: Opening, programs: Programs, kind: string, random: Random): void {
    const { users } = this.#desks;
    const desk = this.#desks.desk(programs.side);
    if (kind.startsWith('save')) {
      const path = (kind === 'save-as' ? users.randomPath(random) : opening.path) as RelPath;
      users.saveAt(desk, path, random);
      if (kind === 'save-as' && path !== opening.path) {
        programs.end(opening, 'closed');
        programs.begin(path, opening, opening.app);
      }
    }
    if (kind === 'close' || kind === 'save-close') programs.end(opening, 'closed');
    if (kind === 'crash') programs.end(opening, 'crashed');
  }

  /** @returns a document that somebody has open; null where nobody has any. */
  pick(random: Random): RelPath | null {
    const all = [...this.programs.a.open(), ...this.programs.b.open()];
    return all.length === 0 ? null : random.pick(all).path;
  }

  /** The machine of `side` goes down, and its programs with it. */
  powerCut(side: Side): void {
    for (const opening of this.programs[side].open()) this.programs[side].end(opening, 'crashed');
  }

  /** Another disk is where the directory of `side` was. */
  rootChanged(side: Side): void {
    for (const opening of this.programs[side].all()) this.programs[side].end(opening, 'lost');
  }

  /** What watchers missed they see. */
  fairWeather(): void {
    for (const side of ['a', 'b'] as const) this.programs[side].notice();
  }

  closeAll(): void {
    for (const side of ['a', 'b'] as const)
      for (const opening of this.programs[side].open()) this.programs[side].end(opening, 'closed');
  }
}

// Side b comes as another root, as an older state of itself, or with nothing left: then nothing of side a may be taken away
// or taken back, and nothing of a stranger may come, until a person has said so. And the person, who sees the halt.
import { type Change, contentOf as contentBy } from '../../src/core/change.js';
import type { Entry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import type { Confirmation } from '../../src/wire/client-api/methods.js';
import { contentOf, type SimDisk } from './disk.js';
import type { Ledger } from './ledger.js';
import type { Place } from './replica.js';
import type { Arrival, Roots } from './roots.js';
import type { ServerA } from './servers.js';
import { Standstill } from './standstill.js';
import type { Users } from './users.js';
import { beforeNow, type World } from './world.js';

/** What is not to happen before a person has confirmed it. */
interface Danger {
  readonly kind: 'other' | 'backup' | 'emptied';
  /** By path, the contents at side a that must stay. */
  readonly kept: ReadonlyMap<string, string>;
  /** Contents that must not come to side a. */
  readonly foreign: ReadonlySet<string>;
  /** Whether the people of side b have ended it. */
  readonly isOver?: () => boolean;
}

const WORDS: Readonly<Record<string, readonly Confirmation[]>> = {
  'other-partner': [{ newPartner: true }],
  'root-unmounted': [{ newPartner: true }],
  'rolled-back': [{ newPartner: true }, { acceptRollback: true }],
  'root-emptied': [{ newPartner: true }, { acceptDeletes: true }],
  'mass-deletion': [{ newPartner: true }, { acceptDeletes: true }],
};
const LATER_WORDS: Readonly<Record<string, readonly Confirmation[]>> = { 'locks-lost': [{ acceptLostLocks: true }] };
const ALL_WORDS: readonly Confirmation[] = [{ newPartner: true }, { acceptRollback: true }, { acceptDeletes: true }];

/** What the person can do, besides typing a word. */
export interface Deeds {
  readonly formerBack: () => void;
  /** Mounts the disk of side a. */
  readonly mount: () => void;
  readonly restart: () => void;
}

export class Halts {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #users: Users;
  readonly #places: { readonly a: Place; readonly b: Place };
  readonly #roots: Roots;
  readonly #isWriting: () => boolean;
  readonly #deeds: Deeds;
  readonly standstill: Standstill;

  #arrival: Arrival | 'emptied' | null = null;
  #arrivedAt = 0;
  /** What side b has not had since the last first contact began. */
  #absent = new Set<string>();
  #danger: Danger | null = null;
  /** Whether everybody only waits for rest. */
  isFair = false;

  constructor(
    world: World,
    ledger: Ledger,
    users: Users,
    places: { readonly a: Place; readonly b: Place },
    roots: Roots,
    isWriting: () => boolean,
    deeds: Deeds,
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#users = users;
    this.#places = places;
    this.#roots = roots;
    this.#isWriting = isWriting;
    this.#deeds = deeds;
    this.standstill = new Standstill(world, users, places, isWriting);
  }

  /** Side b's disk is another one, or empty, from now on. */
  arrived(arrival: Arrival | 'emptied'): void {
    this.#arrival = arrival;
    this.#arrivedAt = beforeNow(this.#world);
    this.#danger = null;
    this.standstill.rootChanged();
    this.beginAnew();
  }

  /** The power of side a failed: its archive may know less than before, and what it knows is what counts. */
  powerCut(): void {
    this.#arrival = this.#danger?.kind ?? this.#arrival;
    this.#danger = null;
  }

  /** server-a has forgotten what was shared. */
  forgotten(): void {
    this.#arrival = null;
    this.#danger = null;
    this.standstill.rootChanged();
    this.beginAnew();
  }

  /** A first contact begins. */
  firstContact({ pair }: ServerA): void {
    const { a, b } = this.#places;
    // What server-a was told of counts as shared, though it may be gone again.
    const isTold = (path: string) => pair.safety.met !== null && pair.entry('b', path as RelPath) !== null;
    this.#absent = new Set();
    for (const [path] of a.disk.walk()) {
      if (b.disk.at(path) === null && !isTold(path) && !this.#isTouched(path)) this.#absent.add(path);
    }
    this.beginAnew();
  }

  /** What was written so far is to be had from now on, and may stand anywhere. */
  beginAnew(): void {
    this.#ledger.beginAnew();
    for (const content of this.#ledger.written) this.#users.wandering.add(content);
  }

  /** What has come to side b may be deleted there by its people, and that may be shared, also before a first contact ends. */
  noteB(): void {
    for (const path of this.#absent) if (this.#places.b.disk.at(path) !== null) this.#absent.delete(path);
  }

  /** server-a has heard what side b has. */
  told(server: ServerA): void {
    this.noteB();
    this.standstill.told();
    if (this.#danger?.isOver?.() === true) this.#danger = null;
    const arrival = this.#arrival;
    this.#arrival = null;
    if (arrival === null || arrival === 'former') return;
    const danger =
      arrival === 'backup' && this.#isKnown(server) ? this.#backupDanger(server) : this.#otherDanger(server, arrival);
    if (danger === null) return;
    this.#danger = danger;
    this.#world.say(() => `nothing may change at a (${danger.kind}) before somebody has confirmed it`);
  }

  #isKnown({ pair }: ServerA): boolean {
    const { a, b } = this.#places;
    return pair.meta.get('roots') === `${a.disk.id} ${b.disk.id}`;
  }

  #otherDanger({ pair }: ServerA, arrival: Arrival | 'emptied'): Danger | null {
    const { a, b } = this.#places;
    const filesNow = () => [...pair.archive.walk()].filter(([, { type }]) => type !== 'dir');
    const files = filesNow();
    const kept = this.#shared(pair.archive, () => true);
    if (arrival === 'emptied') {
      const isEmpty = [...b.disk.walk()].every(([, { type }]) => type === 'dir');
      return isEmpty && kept.size >= 5 ? { kind: 'emptied', kept, foreign: new Set() } : null;
    }
    const known = pair.meta.get('roots');
    // Where only side a has forgotten, it is the same root, and a first contact; where it knows none, nobody is another.
    if (known === null || known.split(' ')[1] === b.disk.id) return null;
    if (files.length === 0 || this.#isMostlySame(files)) return null;
    // What has arrived from the former side b takes effect a moment later.
    const own = new Set([...contentsOf(a.disk), ...this.#ledger.arrived]);
    const foreign = new Set(contentsOf(b.disk).filter((content) => !own.has(content)));
    // An unlock may carry out what is left of what was shared.
    const isOver = () => this.#isMostlySame(files) || this.#isMostlySame(filesNow());
    return { kind: 'other', kept, foreign, isOver };
  }

  /** Whether at least half of what was shared is at side b, or may be: its people were there. */
  #isMostlySame(files: readonly (readonly [string, Entry])[]): boolean {
    const same = files.filter(([path, entry]) => {
      const there = this.#places.b.disk.at(path);
      return (
        this.#isTouched(path) ||
        (there?.type === entry.type && (there.type !== 'file' || there.content === textOf(entry)))
      );
    });
    return same.length * 2 >= files.length;
  }

  #backupDanger({ pair }: ServerA): Danger | null {
    const { b } = this.#places;
    if (epochOn(b.disk) >= (pair.meta.get('epoch') ?? 0)) return null;
    const { former } = this.#roots;
    // What was the same before the backup came, such as a deletion that waits, is no step back.
    const isOlder = (path: string) => former === null || former.at(path)?.content !== b.disk.at(path)?.content;
    const isMeant = (path: string, content: string) => b.disk.at(path)?.content !== content && isOlder(path);
    const kept = this.#shared(pair.archive, isMeant);
    return { kind: 'backup', kept, foreign: new Set() };
  }

  /** The files at side a that are as both sides shared them. */
  #shared(archive: ServerA['pair']['archive'], isMeant: (path: string, content: string) => boolean) {
    const kept = new Map<string, string>();
    for (const [path, { type, content }] of this.#places.a.disk.walk()) {
      const known = archive.get(path as Parameters<typeof archive.get>[0]);
      if (type === 'file' && textOf(known) === content && isMeant(path, content)) kept.set(path, content);
    }
    return kept;
  }

  #isTouched(path: string): boolean {
    return (this.#users.touched.get(path) ?? 0) > this.#arrivedAt;
  }

  /** What another side b never had is not deleted at a first contact, unless somebody made and deleted it during that. */
  #atFirstContact({ pair }: ServerA, { path, before, after }: Change): void {
    if (!pair.firstContact || after !== null || before?.type !== 'file') return;
    if (!this.#absent.has(path) || this.#isTouched(path)) return;
    this.#world.broken(`${path} was deleted on side a at a first contact`);
  }

  /** server-a has changed side a. */
  changed(server: ServerA | null, change: Change, begun: number): void {
    const danger = this.#danger;
    const world = this.#world;
    const { path, before, from } = change;
    if (server === null || this.#isWriting()) return;
    this.#atFirstContact(server, change);
    if (server.lockState.table.drains.has(path)) return;
    if (danger === null || danger.isOver?.() === true) return;
    const brought = contentBy(change);
    if (brought !== null && danger.foreign.has(contentOf(brought))) {
      world.broken(`${contentOf(brought)} of another side b came to ${path}, and nobody confirmed it`);
    }
    // What server-a had begun when side b went ends some time.
    if (begun <= this.#arrivedAt) return;
    for (const [at, entry] of [
      [path, before] as const,
      ...(from === undefined ? [] : [[from.path, from.entry] as const]),
    ]) {
      if (textOf(entry) === null || danger.kept.get(at) !== textOf(entry) || this.#isTouched(at)) continue;
      world.broken(`${textOf(entry)} was taken from ${at} (${danger.kind}), and nobody confirmed it`);
    }
  }

  /** The pair halts; somebody sees it after a while. */
  halted(server: ServerA, code: string): void {
    const world = this.#world;
    world.at(world.random.between(20, 4_000), () => {
      if (!this.isFair && server.process.alive && server.session.halt !== null) this.#react(server, code);
    });
  }

  #react(server: ServerA, code: string): void {
    const world = this.#world;
    const roots = this.#roots;
    const deed = world.random.pick(['word', 'word', 'back', 'wrong', 'restart', 'nothing'] as const);
    if (deed === 'word') this.#confirm(server, world.random.pick(wordsFor(code)));
    else if (deed === 'wrong') this.#confirm(server, world.random.pick(wrongWords(code)));
    else if (deed === 'restart') this.#deeds.restart();
    else if (deed === 'back' && roots.isUnmounted) this.#deeds.mount();
    else if (deed === 'back' && roots.former !== null) this.#deeds.formerBack();
  }

  #confirm(server: ServerA, what: Confirmation): void {
    const world = this.#world;
    world.say(() => `somebody types ${JSON.stringify(what)}`);
    // A word is a confirmation of what is shown, whatever else may be wrong.
    const words = server.pair.halts.flatMap(({ code }) => WORDS[code] ?? []);
    if (words.some((word) => JSON.stringify(word) === JSON.stringify(what))) this.#danger = null;
    this.standstill.confirmed(what);
    if (what.newPartner === true) this.#roots.stayUnmounted();
    // What the other side changed under a lost lock comes over like anything else.
    if (what.acceptLostLocks !== true) this.beginAnew();
    server.session.confirm(what).catch((error: Error) => world.say(() => `it cannot be confirmed: ${error.message}`));
  }

  /** In fair weather somebody confirms whatever there is to confirm. @returns whether there was something. */
  confirmAll(server: ServerA): boolean {
    const { halts } = server.pair;
    if (server.session.halt === null) return false;
    for (const { code } of halts) this.#confirm(server, this.#world.random.pick(wordsFor(code)));
    return true;
  }

  /** In fair weather, after a while: what is dangerous has been noticed. */
  isNoticed(server: ServerA): void {
    this.standstill.isNoticed(server);
    if (this.#danger === null || this.#danger.kind === 'backup' || server.session.halt !== null) return;
    if (this.#danger.isOver?.() === true) return;
    this.#world.broken(`nobody halts, though side b is ${this.#danger.kind}`);
  }
}

const wordsFor = (code: string): readonly Confirmation[] => WORDS[code] ?? LATER_WORDS[code] ?? ALL_WORDS;

/** Words that end other halts than this one. */
function wrongWords(code: string): readonly Confirmation[] {
  const right = (WORDS[code] ?? []).map((word) => JSON.stringify(word));
  return ALL_WORDS.filter((word) => !right.includes(JSON.stringify(word)));
}

const textOf = (entry: Entry | null): string | null => (entry?.type === 'file' ? contentOf(entry) : null);

const contentsOf = (disk: SimDisk): string[] =>
  [...disk.walk()].flatMap(([, { type, content }]) => (type === 'file' && content !== '' ? [content] : []));

/** The epoch that the root on `disk` remembers. */
function epochOn(disk: SimDisk): number {
  let epoch = 0;
  for (const [table, key, value] of disk.journals.get('seen.log')?.lines.flat() ?? []) {
    if (table === 'partner' && key === 'epoch') epoch = Number(value);
  }
  return epoch;
}

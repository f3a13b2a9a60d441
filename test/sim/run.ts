// One run: two servers, their users and clients, and a world that goes wrong, all from one seed; then fair weather, until
// everything is at rest, and the promises are checked.
import type { Change } from '../../src/core/change.js';
import type { Entry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import type { Snapshot } from '../../src/core/snapshot.js';
import type { AutoLockOptions } from '../../src/sync/locks/auto-locks.js';
import type { LastRun } from '../../src/sync/pair/lost-outcomes.js';
import { Clients } from './clients.js';
import { contentOf, SimDisk } from './disk.js';
import { Editors } from './editors/editors.js';
import { EditorOracle } from './editors/oracle.js';
import { type Features, featuresOf, type Width } from './features.js';
import { Halts } from './halts.js';
import { Ledger } from './ledger.js';
import { Notices } from './notices.js';
import { Oracle } from './oracle.js';
import { Random, subSeed } from './random.js';
import type { Place } from './replica.js';
import { type Arrival, Roots } from './roots.js';
import { ServerA, ServerB } from './servers.js';
import { type Desk, Users } from './users.js';
import { Wishes } from './wishes.js';
import { CALM, type Weather, World } from './world.js';
import { Writers } from './writers.js';

export interface RunOptions {
  readonly seed: number;
  /** Steps that are left out: how a failing run is made short. */
  readonly without?: ReadonlySet<number>;
  readonly tracing?: boolean;
  /** How much of features.ts there is; all of it unless given. */
  readonly width?: Width;
}

export interface RunResult {
  /** The promise that was broken, null where none was. */
  readonly fault: string | null;
  readonly steps: number;
  readonly trace: readonly string[];
  /** The same for two runs that did the same. */
  readonly fingerprint: string;
  readonly events: number;
}

const EDITS = [
  'create',
  'save',
  'save',
  'save',
  'delete',
  'remove-tree',
  'move',
  'move-tree',
  'mkdir',
  'meta',
  'copy',
  'link',
];
const MISHAPS = [
  'cut',
  'cut-all',
  'wire-down',
  'kill-a',
  'kill-b',
  'power-a',
  'power-b',
  'clock',
  'weather',
  'unreadable',
];
const ROOTS = ['backup', 'backup', 'restore', 'restore', 'another-root', 'former-root'];
const MOUNTS = ['unmount', 'unmount'];
const TABLES = ['damage-locks', 'damage-locks'];
const RECORDS = ['damage-records', 'damage-records'];
const MANY = ['remove-most', 'remove-most', 'remove-most'];
/** So many files are brought where there are many, and where. */
const MANY_FILES = 120;
const MANY_IN = 'm';
const FORGETTING = ['forget-b', 'forget-a', 'empty-b'];
/** Virtual milliseconds and events after which a pair in fair weather must be at rest. */
const REST_MS = 300_000;
const REST_EVENTS = 60_000;
/** So long whatever is retried waits at most, and so long it takes at most until a halt is noticed. */
const RETRIES_MS = 130_000;
const NOTICED_MS = 20_000;
/** So long it takes at most until documents count as closed and files as not in work. */
const CLOSED_MS = 15_000;
/** So often those in line get what others give back, at the most. */
const ROUNDS = 40;

export const run = (options: RunOptions): Promise<RunResult> => new Run(options).run();

class Run {
  readonly #options: RunOptions;

  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #users: Users;
  readonly #notices: Notices;
  readonly #clients: Clients;
  readonly #writers: Writers;
  readonly #oracle: Oracle;
  readonly #editors: Editors | null;
  readonly #editorOracle: EditorOracle | null;
  readonly #roots: Roots;
  readonly #halts: Halts;
  readonly #places: { readonly a: Place; readonly b: Place };
  readonly #offsets = { a: 0, b: 0 };
  #a: ServerA | null = null;
  #b: ServerB | null = null;
  #lastArchive: Snapshot | null = null;
  #wireUp = true;
  readonly #edits: readonly string[];
  readonly #mishaps: readonly string[];
  readonly #features: Features;
  readonly #wishes: Wishes;
  readonly #rough: Weather;
  readonly #count: number;

  constructor(options: RunOptions) {
    this.#options = options;

    const random = new Random(subSeed(options.seed, -1));
    this.#features = featuresOf(options.seed, options.width ?? 'all');
    this.#world = new World(options.seed, options.tracing ?? false);
    this.#ledger = new Ledger(this.#world);
    this.#ledger.written.add('');
    this.#ledger.released.add('');
    const sharedAt = (path: string) => {
      const shared = this.#lastArchive?.get(path as RelPath);
      return shared?.type === 'file' ? contentOf(shared) : null;
    };
    // What the other side made there again under a lock (a power cut can do that) survives a deletion by the holder.
    const isMadeAgain = (path: string, content: string) =>
      this.#a?.lockState.table
        .heldOf(path as RelPath)
        .some(({ after }) => after?.type === 'file' && contentOf(after) === content) === true;
    // A deletion that server-a was told of, and that a power cut has taken back on side b: the file comes as a new one.
    const isBack = (path: string, content: string) =>
      this.#a?.pair.b.snapshot?.get(path as RelPath) === null && this.#places.b.disk.at(path)?.content === content;
    const isShared = (path: string, content: string) =>
      sharedAt(path) === content && !isMadeAgain(path, content) && !isBack(path, content);
    this.#users = new Users(this.#world, this.#ledger, isShared, sharedAt);
    const notices = new Notices(this.#world, () => this.#rough.failedSync > 0);
    this.#notices = notices;
    this.#clients = new Clients(this.#world, notices, () => this.#offsets.a);
    this.#writers = new Writers(this.#world, this.#users, this.#clients);
    this.#places = { a: this.#place('a'), b: this.#place('b') };
    this.#oracle = new Oracle(this.#world, this.#ledger, this.#users, this.#clients, notices, this.#places);
    const world = this.#world;
    const ledger = this.#ledger;
    const users = this.#users;
    const places = this.#places;
    const desk = (side: 'a' | 'b') => this.#lockService(side);
    this.#editors = this.#features.editors
      ? new Editors(world, { places, users, desk }, new Random(subSeed(options.seed, -5)))
      : null;
    const editors = this.#editors;
    const clients = this.#clients;
    this.#editorOracle = editors === null ? null : new EditorOracle({ world, editors, clients, users, ledger, places });
    if (editors !== null) for (const side of ['a', 'b'] as const) places[side].programs = editors.programs[side];
    this.#roots = new Roots(world, ledger, users, places, () => this.#lockService('b'));
    this.#halts = new Halts(world, ledger, users, places, this.#roots, () => this.#writers.asking > 0, {
      formerBack: () => this.#changeRoot('former', () => this.#roots.formerBack(), world.random),
      mount: () => this.#remount(() => this.#roots.mount(), world.random),
      restart: () => this.#restart(world.random),
    });
    // Each run has only some of the kinds of trouble: all at once hide each other.
    this.#edits = EDITS.filter(() => random.chance(0.7));
    const { roots, memory, mounts, tables, records, many } = this.#features;
    this.#mishaps = [
      ...MISHAPS.filter(() => random.chance(0.35)),
      ...(roots ? ROOTS : []),
      ...(memory ? FORGETTING : []),
      ...(mounts ? MOUNTS : []),
      ...(tables ? TABLES : []),
      ...(records ? RECORDS : []),
      ...(many ? MANY : []),
    ];
    const rare = () => (random.chance(0.3) ? random.pick([0.02, 0.1, 0.3]) : 0);
    this.#rough = {
      lostHint: rare(),
      failedRead: rare(),
      failedWrite: rare(),
      failedSave: rare(),
      failedSync: rare() / 3,
      failedScan: rare() / 2,
      race: rare(),
      split: random.chance(0.5) ? 0.1 : 0.6,
      diskMs: random.pick([0.2, 2, 20]),
      wireMs: random.pick([0.2, 5, 50]),
    };
    this.#count = 10 + random.below(50);
    this.#wishes = new Wishes(
      {
        ...{ world: this.#world, features: this.#features, places: this.#places, ledger: this.#ledger },
        ...{ users: this.#users, clients: this.#clients, writers: this.#writers },
        server: () => this.#a,
        flush: (server, ms) => void this.#flush(server, ms),
        written: () => this.#noteFirstContact(),
        editors: this.#editors,
      },
      !random.chance(0.5),
    );
  }

  #place(name: 'a' | 'b'): Place {
    const moment = (path: RelPath) => {
      const { random, weather } = this.#world;
      if (random.chance(weather.race)) {
        const elsewhere = this.#places[name === 'a' ? 'b' : 'a'].disk;
        this.#users.saveInPlace(this.#lockService(name), path, elsewhere);
      }
    };
    const changed = (change: Change, begun: number) => {
      if (name === 'a') this.#halts.changed(this.#a, change, begun);
      else this.#halts.noteB();
      this.#halts.standstill.changed(name, change, begun);
    };
    const disk = new SimDisk(this.#ledger);
    disk.id = `root-${name}`;
    disk.directory = `/${name}`;
    const sets = { unreadable: new Set<string>(), dirty: new Set<string>(), untold: new Set<string>() };
    return { name, disk, ...sets, hasRecords: this.#features.records, joins: this.#features.joined, moment, changed };
  }

  #lockService(side: 'a' | 'b'): Desk {
    return {
      place: this.#places[side],
      hint: (path) => (side === 'a' ? this.#a : this.#b)?.replica.scanner.hint(path),
      now: () => Date.UTC(2026, 10, 21) + this.#world.time + this.#offsets[side],
    };
  }

  async run(): Promise<RunResult> {
    const world = this.#world;
    const options = this.#options;
    const early = new Random(subSeed(options.seed, -2));
    const many = this.#features.memory ? 6 + early.below(8) : early.below(this.#remembers ? 10 : 4);
    for (let n = many; n > 0; n--) this.#users.act(this.#lockService(early.pick(['a', 'b'])), 'create', early);
    if (this.#features.many)
      this.#users.bringMany(this.#lockService(early.pick(['a', 'b'] as const)), MANY_IN, MANY_FILES);
    this.#noteFirstContact();
    this.#startA();
    this.#startB();
    world.weather = this.#rough;
    for (let n = 0; n < this.#count && world.fault === null; n++) {
      const random = new Random(subSeed(options.seed, n));
      if (options.without?.has(n) !== true) {
        world.say(() => `-- step ${n}`);
        this.#step(random);
        this.#edit(n);
      }
      const gap = random.chance(0.5) ? 0 : random.chance(0.7) ? random.between(0, 100) : random.between(0, 4_000);
      await world.run(() => false, world.time + gap, REST_EVENTS);
      if (world.events > 400_000) world.broken('it does not come to rest');
    }
    if (world.fault === null) await this.#clearUp();
    this.#a?.die();
    this.#b?.die();
    return {
      fault: world.fault?.message ?? null,
      steps: this.#count,
      trace: world.lines,
      fingerprint: `${world.random.state} ${world.events} ${world.time}`,
      events: world.events,
    };
  }

  #step(random: Random): void {
    const kind = random.unit();
    if (this.#mishaps.length > 0 && kind < 0.15) this.#goWrong(random.pick(this.#mishaps), random);
    else if (kind < 0.35) this.#wish(random);
    else if (this.#edits.length > 0) {
      const lockService = this.#lockService(random.pick(['a', 'b']));
      this.#users.act(lockService, random.pick(this.#edits), random);
      this.#noteFirstContact();
    }
  }

  /** Somebody does something in a program. */
  #edit(n: number): void {
    if (this.#editors === null) return;
    const random = new Random(subSeed(this.#options.seed, -1_000 - n));
    if (random.chance(0.4)) return;
    this.#editors.act(random);
    this.#noteFirstContact();
  }

  /** At a first contact the loser goes to versions. */
  #noteFirstContact(): void {
    if (this.#a !== null && this.#metOnce && !this.#a.pair.firstContact) return;
    for (const content of this.#ledger.written) this.#ledger.loose.add(content);
  }

  #metOnce = false;
  /** How the last run of server-a ended. */
  #crash: LastRun['crash'] = null;

  #wish(random: Random): void {
    if (this.#a !== null) this.#wishes.wish(this.#a, random);
  }

  // Servers.

  #startA(): void {
    if (this.#a !== null) return;
    const world = this.#world;
    world.say(() => 'server-a starts');
    const hasArchive = this.#places.a.disk.journals.has('archive.log');
    let isStarted = false;
    const server: ServerA = new ServerA(
      world,
      this.#places.a,
      () => this.#offsets.a,
      {
        onEvent: (event) => {
          world.say(() => `   ${JSON.stringify(event).slice(0, 200)}`);
          if (event.event === 'in-sync') this.#metOnce = true;
          if (event.event === 'resumed') this.#halts.standstill.resumed();
          if (event.event === 'halted' && this.#remembers) {
            // What it finds in its own files it says before it is there.
            if (isStarted) this.#halts.halted(server, event.code);
            else world.at(0, () => this.#halts.halted(server, event.code));
          }
          this.#oracle.said(this.#a, event);
          this.#editorOracle?.said(event);
        },
        onWarning: (text) => world.say(() => `    (${text})`),
        serverB: () => (this.#wireUp ? this.#b : null),
        onTold: () => {
          this.#places.b.untold.clear();
          this.#halts.told(server);
        },
      },
      this.#features.guard ? world.random.chance(0.8) : null,
      this.#crash,
      this.#autoLock(),
    );
    isStarted = true;
    server.lockState.watch((rows) => {
      this.#oracle.noteRows(server, rows);
      this.#editorOracle?.noteRows(server, rows);
    });
    const begin = server.pair.beginFirstContact.bind(server.pair);
    server.pair.beginFirstContact = () => {
      begin();
      if (this.#remembers) this.#halts.firstContact(server);
    };
    this.#a = server;
    this.#lastArchive = server.pair.archive;
    this.#clients.restarted(server, hasArchive);
    this.#oracle.restarted(server);
    this.#writers.restarted();
    this.#editorOracle?.restarted(server);
  }

  #autoLock(): AutoLockOptions | undefined {
    const editors = this.#editors;
    if (editors === null) return undefined;
    return { isOn: this.#world.random.chance(0.95), graceMs: editors.graceMs, rules: () => editors.rules };
  }

  #startB(): void {
    if (this.#b !== null) return;
    this.#world.say(() => 'server-b starts');
    this.#b = new ServerB(this.#world, this.#places.b, () => this.#offsets.b, this.#remembers);
  }

  /** Whether anything happens for which side b has to remember its partner. */
  get #remembers(): boolean {
    const { roots, memory, mounts, tables, many } = this.#features;
    return roots || memory || mounts || tables || many;
  }

  /** server-b stops, something happens to its disk, and it starts again. */
  #changeRoot(arrival: Arrival | 'emptied', change: () => void, random: Random): void {
    this.#stopB(false);
    this.#world.say(() => `!  the root of b: ${arrival}`);
    change();
    this.#editors?.rootChanged('b');
    if (this.#editorOracle !== null) this.#editorOracle.isDiskChanged = true;
    this.#halts.arrived(arrival);
    this.#world.at(random.between(0, 2_000), () => this.#startB());
  }

  #restart(random: Random): void {
    const later = random.between(0, 1_000);
    if (random.chance(0.5)) {
      this.#stopA(random.chance(0.3));
      this.#world.at(later, () => this.#startA());
    } else {
      this.#stopB(random.chance(0.3));
      this.#world.at(later, () => this.#startB());
    }
  }

  /** server-a stops, another disk is where its directory was, and it starts again. */
  #remount(change: () => void, random: Random): void {
    this.#stopA(false);
    change();
    this.#editors?.rootChanged('a');
    if (this.#editorOracle !== null) this.#editorOracle.isDiskChanged = true;
    this.#clients.tableChanged();
    this.#notices.tableLost();
    this.#oracle.tableChanged();
    this.#halts.forgotten();
    this.#halts.standstill.diskChanged();
    this.#metOnce = false;
    this.#world.at(random.between(0, 1_000), () => this.#startA());
  }

  #unmount(random: Random): void {
    const was = this.#places.a.disk.id;
    this.#remount(() => this.#roots.unmount(), random);
    this.#halts.standstill.unmounted(was);
  }

  #damageLocks(random: Random): void {
    this.#stopA(false);
    const journal = this.#places.a.disk.journals.get('locks.log');
    if (journal !== undefined) {
      journal.lines.length = random.chance(0.5) ? 0 : journal.lines.length >> 1;
      Object.assign(journal, { durable: journal.lines.length, isDamaged: true });
      this.#clients.tableLost();
      this.#notices.tableLost();
      this.#oracle.tableLost();
      this.#halts.standstill.locksLost();
    }
    this.#world.at(random.between(0, 1_000), () => this.#startA());
  }

  /** Of what was kept of earlier contents it is not known any more when and why. */
  #damageRecords(side: 'a' | 'b', random: Random): void {
    if (side === 'a') this.#stopA(false);
    else this.#stopB(false);
    const { journals } = this.#places[side].disk;
    const journal = journals.get('versions.log');
    const way = random.pick(['gone', 'empty', 'half'] as const);
    this.#world.say(() => `!  the records of earlier contents of ${side}: ${way}`);
    if (way === 'gone') journals.delete('versions.log');
    else if (journal !== undefined) {
      journal.lines.length = way === 'empty' ? 0 : journal.lines.length >> 1;
      Object.assign(journal, { durable: journal.lines.length, isDamaged: true });
    }
    this.#world.at(random.between(0, 1_000), () => (side === 'a' ? this.#startA() : this.#startB()));
  }

  #removeMost(side: 'a' | 'b'): void {
    if (this.#places[side].disk.at(MANY_IN)?.type !== 'dir' || this.#a === null) return;
    if (!this.#a.pair.firstContact) this.#halts.standstill.removing(side, MANY_IN, this.#a.pair.archive);
    this.#users.removeAt(this.#lockService(side), MANY_IN as RelPath);
  }

  #forget(side: 'a' | 'b', random: Random): void {
    const roots = this.#roots;
    const places = this.#places;
    const halts = this.#halts;
    const world = this.#world;
    if (side === 'b') {
      this.#changeRoot('backup', () => roots.forgetSeen(places.b), random);
      return;
    }
    this.#stopA(false);
    const file = random.pick(['archive.log', 'seen.log']);
    world.say(() => `!  server-a forgets ${file}`);
    if (file === 'seen.log') roots.forgetSeen(places.a);
    else places.a.disk.journals.delete(file);
    halts.forgotten();
    this.#metOnce = false;
    world.at(random.between(0, 1_000), () => this.#startA());
  }

  #stopA(power: boolean): void {
    const server = this.#a;
    if (server === null) return;
    this.#world.say(() => (power ? 'the power of a fails' : 'server-a is killed'));
    server.die();
    this.#a = null;
    this.#crash = { ofMachine: power };
    if (power) {
      this.#cutPower('a');
      this.#halts.powerCut();
      this.#metOnce = false;
      this.#noteFirstContact();
    }
    // What the archive has forgotten may come back.
    const kept = this.#journalOf('a', 'archive');
    this.#halts.standstill.killed(kept);
    for (const [path, node] of server.pair.archive.walk()) {
      if (kept.get(path) !== JSON.stringify({ ...node, children: undefined })) this.#ledger.forget(path);
    }
    for (const [path, value] of kept) {
      if (value !== 'null' && server.pair.archive.get(path as RelPath) === null) this.#ledger.forget(path);
    }
  }

  #stopB(power: boolean): void {
    if (this.#b === null) return;
    this.#world.say(() => (power ? 'the power of b fails' : 'server-b is killed'));
    this.#b.die();
    this.#b = null;
    if (!power) return;
    this.#cutPower('b');
    // What side b saw last is behind what is there: for the moment in which that is in motion, the older counts.
    const seen = this.#journalOf('b', 'seen');
    for (const [path, inode] of this.#places.b.disk.walk()) {
      if (seen.has(path) && JSON.parse(seen.get(path)!)?.type !== inode.type) this.#ledger.forget(path);
    }
  }

  /** The rows of a table as they are on the disk now, each as JSON. */
  #journalOf(side: 'a' | 'b', table: 'archive' | 'meta' | 'seen'): Map<string, string> {
    const rows = new Map<string, string>();
    const file = table === 'seen' ? 'seen.log' : 'archive.log';
    for (const [of, key, value] of this.#places[side].disk.journals.get(file)?.lines.flat() ?? []) {
      if (of !== table) continue;
      // What had been in a directory goes with it, without rows of its own.
      const isDirectory = (value as Entry | null)?.type === 'dir';
      for (const at of rows.keys()) if (!isDirectory && at.startsWith(`${key}/`)) rows.set(at, 'null');
      rows.set(key, JSON.stringify(value));
    }
    return rows;
  }

  /** Whether server-a, or the archive on its disk where it does not run, knows that too much is missing on `side`. */
  #isLossReported(side: 'a' | 'b'): boolean {
    const onDisk = () => JSON.parse(this.#journalOf('a', 'meta').get('lossReported') ?? 'null');
    const reported: unknown = this.#a === null ? onDisk() : this.#a.pair.meta.get('lossReported');
    return String(reported ?? '').includes(side);
  }

  #cutPower(side: 'a' | 'b'): void {
    const { disk, dirty } = this.#places[side];
    disk.cut(() => this.#world.random.unit());
    this.#editors?.powerCut(side);
    if (this.#editorOracle !== null) this.#editorOracle.isDiskChanged = true;
    this.#halts.standstill.powerCut(side, this.#isLossReported(side));
    // What comes back is older than what went.
    for (const content of this.#ledger.written) this.#users.wandering.add(content);
    for (const [path] of disk.walk()) {
      dirty.add(path);
      this.#users.touched.set(path, this.#world.time);
    }
    for (const path of this.#users.touched.keys()) {
      dirty.add(path);
      this.#users.touched.set(path, this.#world.time);
    }
  }

  #goWrong(kind: string, random: Random): void {
    const world = this.#world;
    const later = random.chance(0.5) ? random.between(0, 200) : random.between(0, 5_000);
    world.say(() => `!  ${kind}`);
    if (kind === 'cut' || kind === 'cut-all') this.#a?.cut(kind === 'cut-all');
    else if (kind === 'wire-down') {
      this.#wireUp = false;
      this.#a?.cut(true);
      world.at(later, () => {
        this.#wireUp = true;
      });
    } else if (kind === 'kill-a' || kind === 'power-a') {
      this.#stopA(kind === 'power-a');
      world.at(later, () => this.#startA());
    } else if (kind === 'kill-b' || kind === 'power-b') {
      this.#stopB(kind === 'power-b');
      world.at(later, () => this.#startB());
    } else if (kind === 'clock') {
      if (this.#editorOracle !== null) this.#editorOracle.isClockSet = true;
      this.#offsets[random.pick(['a', 'b'] as const)] += random.pick([-3_600_000, -10_000, 10_000, 3_600_000]);
    } else if (kind === 'weather') world.weather = world.weather === CALM ? this.#rough : CALM;
    else if (kind === 'unreadable') this.#makeUnreadable(random, later);
    else this.#strike(kind, random);
  }

  /** Something happens to what is remembered. */
  #strike(kind: string, random: Random): void {
    const roots = this.#roots;
    const world = this.#world;
    if (kind === 'backup') roots.takeBackup();
    else if (kind === 'restore' && roots.hasBackup) this.#changeRoot('backup', () => roots.restoreBackup(), random);
    else if (kind === 'another-root') this.#changeRoot('other', () => roots.another(random), random);
    else if (kind === 'former-root' && roots.former !== null)
      this.#changeRoot('former', () => roots.formerBack(), random);
    else if (kind === 'forget-a' || kind === 'forget-b') this.#forget(kind === 'forget-a' ? 'a' : 'b', random);
    else if (kind === 'damage-records') this.#damageRecords(random.pick(['a', 'b'] as const), random);
    else if (kind === 'empty-b') {
      const change = () => {
        roots.empty();
        roots.forgetSeen(this.#places.b);
      };
      this.#changeRoot('emptied', change, random);
    } else if (this.#halts.standstill.isOn) world.say(() => 'one such thing at a time');
    else if (kind === 'unmount' && !roots.isUnmounted) this.#unmount(random);
    else if (kind === 'damage-locks') this.#damageLocks(random);
    else if (kind === 'remove-most') this.#removeMost(random.pick(['a', 'b'] as const));
  }

  #makeUnreadable(random: Random, later: number): void {
    const side = random.pick(['a', 'b'] as const);
    const { disk, unreadable } = this.#places[side];
    const chosen = random.pick([...disk.walk()])?.[0];
    if (chosen === undefined) return;
    this.#world.say(() => `${side}  ${chosen} becomes unreadable`);
    unreadable.add(chosen);
    this.#world.at(later, () => this.#makeReadable(side, chosen));
  }

  #makeReadable(side: 'a' | 'b', path: string): void {
    const { unreadable, dirty } = this.#places[side];
    if (!unreadable.delete(path)) return;
    dirty.add(path);
    this.#lockService(side).hint(path as RelPath);
  }

  /** @returns whether the pair came to rest in time. */
  async #flush(server: ServerA, ms: number): Promise<boolean> {
    const since = this.#world.time;
    const timeLimit = new AbortController();
    const cancel = this.#world.at(ms, () => timeLimit.abort());
    try {
      await server.session.flush(timeLimit.signal);
      cancel();
      this.#world.say(() => `the flush of ${since.toFixed(1)} is answered`);
      this.#oracle.flushed(server, since);
      return true;
    } catch {
      return false;
    }
  }

  // Fair weather at last.

  async #clearUp(): Promise<void> {
    const world = this.#world;
    world.say(() => '-- fair weather');
    world.weather = CALM;
    this.#wireUp = true;
    this.#halts.isFair = true;
    if (this.#roots.isUnmounted && world.random.chance(0.5)) this.#remount(() => this.#roots.mount(), world.random);
    this.#startA();
    this.#startB();
    for (const side of ['a', 'b'] as const)
      for (const path of [...this.#places[side].unreadable]) this.#makeReadable(side, path);
    const server = this.#a!;
    server.session.pause(false).catch(() => {});
    this.#editors?.fairWeather();
    // Whatever waits for a retry, or for the wire, has its chance. A pair that is halted only scans again each second, which
    // takes a fifth of all the time: one in four does it for so long.
    await world.run(() => false, world.time + NOTICED_MS, REST_EVENTS);
    if (server.session.halt === null || this.#options.seed % 4 === 0)
      await world.run(() => false, world.time + RETRIES_MS - NOTICED_MS, REST_EVENTS);
    this.#halts.isNoticed(server);
    if (await this.#rests(server)) {
      this.#oracle.atRest(server);
      this.#oracle.guards(server);
      this.#oracle.noneOverdue(server);
      this.#editorOracle?.atRest(server);
    }
    if (world.fault !== null) return;
    await this.#closeDocuments(server);
    await this.#giveEverythingBack(server);
    if (!(await this.#rests(server)) || world.fault !== null) return;
    const { table } = server.lockState;
    if (table.held.size + table.drains.size + table.preferences.size > 0) world.broken('something is held still');
    this.#oracle.atRest(server);
    if (server.session.status.state !== 'in-sync') world.broken(`at rest the state is ${server.session.status.state}`);
    if (server.session.status.problems().length > 0) world.broken('at rest there are problems');
    // Where a record could not be written, its file waits in held/ for the next start.
    if (this.#places.a.disk.held.size > 0 && this.#rough.failedSync === 0)
      world.broken('at rest there is something in held/');
    for (const { replica } of [server, this.#b!]) {
      const fault = replica.versions?.fault() ?? null;
      if (fault !== null) world.broken(fault);
    }
    await this.#tellEverything(server);
    // A flush does not wait for bits.
    await world.run(() => false, world.time + 2_000, REST_EVENTS);
    this.#oracle.guards(server);
  }

  /** All documents are closed, and with them the locks end that they took. */
  async #closeDocuments(server: ServerA): Promise<void> {
    if (this.#editors === null) return;
    const world = this.#world;
    this.#editors.closeAll();
    await world.run(() => false, world.time + CLOSED_MS, REST_EVENTS);
    if ((await this.#rests(server)) && world.fault === null) this.#editorOracle?.atTheEnd(server);
  }

  /** Whoever has a lock gives it back, then those in line who got it, until nobody has any */
  async #giveEverythingBack(server: ServerA): Promise<void> {
    const world = this.#world;
    const wishes = this.#wishes;
    const isAnswered = () => this.#clients.asking + this.#writers.asking === 0;
    const { table } = server.lockState;
    for (let round = 0; round < ROUNDS && world.fault === null; round++) {
      if (isAnswered() && table.locks.size === 0) break;
      const tokens = wishes.giveBack(server);
      const isNext = () => [...table.locks.values()].some(({ token }) => !tokens.has(token));
      const isOver = () => isNext() || (isAnswered() && table.locks.size === 0);
      await world.run(isOver, world.time + 60_000, REST_EVENTS);
    }
    if (!isAnswered()) world.broken('somebody was not answered');
    if (table.locks.size + table.waiters.size > 0) world.broken('there are locks still, or people in line');
  }

  /** Everybody asks what he has lost. */
  async #tellEverything(server: ServerA): Promise<void> {
    const world = this.#world;
    const wishes = this.#wishes;
    const clients = this.#clients;
    wishes.askWhatWasLost(server);
    await world.run(() => clients.asking === 0, world.time + 60_000, REST_EVENTS);
    if (clients.asking > 0) world.broken('somebody was not answered');
    this.#notices.atTheEnd();
  }

  async #rests(server: ServerA): Promise<boolean> {
    const world = this.#world;
    if (!this.#remembers && server.session.status.state === 'halted')
      void server.session.confirm({ acceptDeletes: true });
    if (server.session.status.state === 'halted') await world.run(() => false, world.time + 5_000, REST_EVENTS);
    let rested = false;
    // A connection that is lost takes a confirmation along: the halt comes again, and so does the confirmation.
    for (let round = 0; round < ROUNDS && !rested && world.fault === null; round++) {
      if (this.#remembers && this.#halts.confirmAll(server)) {
        await world.run(() => false, world.time + 5_000, REST_EVENTS);
      } else {
        rested = await this.#flushes(server);
        if (server.session.halt === null || !this.#remembers) break;
      }
    }
    if (!rested && world.fault === null) world.broken(`it does not come to rest: ${why(server)}`);
    return rested;
  }

  /** @returns whether a flush is answered in time. */
  async #flushes(server: ServerA): Promise<boolean> {
    const world = this.#world;
    let flushed: boolean | null = null;
    void this.#flush(server, REST_MS).then((inTime) => {
      flushed = inTime;
    });
    await world.run(() => flushed !== null, world.time + REST_MS + 1, REST_EVENTS);
    return flushed === true;
  }
}

/** What keeps a pair from resting, for people. */
function why({ session: { status }, pair, lockState }: ServerA): string {
  return [
    status.state,
    `marks ${pair.marks.size} ${pair.everythingMarked} postponed ${pair.postponed.size}`,
    `locks written ${lockState.isSettled}`,
    `unsettled ${pair.a.unsettled} ${pair.b.unsettled}`,
    `halts ${pair.halts.map(({ code }) => code)}`,
  ].join(', ');
}

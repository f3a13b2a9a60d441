// The folder guarantees: a document counts as open while a program keeps its owner file beside it, and as nobody's where
// that is in doubt. Owner files that nobody keeps any more (stale ones) and those that can belong to several documents
// are problems and open nothing. Idle directories cost nothing: a timer runs only while a document is open.
//
//   a watcher or a scan notices an owner file → read its directory: names, owner files, who (read)
//     one document, not stale                 → open
//     several documents                       → problem `ambiguous-owner-file`
//     its process is dead, or older than boot → problem `stale-owner-file`     (stale)
//   an owner file is gone for its time        → closed
//   the set of open documents has changed     → onChange

import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../core/errors.js';
import { canBeOwnerFile } from '../../core/owner-files/applications.js';
import { joinPath, nameOf, parentOf, pathFault, type RelPath } from '../../core/path.js';
import type { OpenDocument, OpenDocuments } from '../../replica.js';
import type { Root } from '../fs/parents.js';
import { accountOf, type Machine, onceFor, thisMachine } from './machine.js';
import { ambiguousText, staleText } from './problem-texts.js';
import { type FoundOwnerFile, missingOf, ownerFilesIn } from './read.js';
import { staleBecause } from './stale.js';

/** The most documents that count as open at one time. */
const MAX_OPEN = 5_000;

/** The times of a presence, in milliseconds; tests shorten them. */
interface PresenceTimes {
  /** An owner file that is gone for less is one that a program makes anew. */
  readonly goneMs: number;
  /** Emacs has its link only while there is something to save: the document stays open so long after a save. */
  readonly savedMs: number;
  /** How often it is checked whether owner files and their processes are still there. */
  readonly checkMs: number;
  /** How long a program may take to write who it is into the owner file that it has made. */
  readonly writingMs: number;
}

const TIMES: PresenceTimes = { goneMs: 2_000, savedMs: 600_000, checkMs: 1_000, writingMs: 60 };
/** After other changes in a directory with owner files it is read again, but not at once. */
const TOUCHED_MS = 250;
/** The time between two readings of one directory is at least so many times what the last one took. */
const READING_PAUSES = 10;
/** A program opens the document itself soon after it has made the owner file. */
const NARROWING_MS = 15_000;
const WRITING_STEP_MS = 10;

/** What is known of one owner file. */
interface Presence extends OpenDocument {
  readonly pid: number | null;
  readonly madeMs: number;
  /** The processes of the program when the document was opened, where the owner file names none. */
  witnesses: readonly number[];
  /** Since when the owner file is gone, milliseconds since 1970; null while it is there. */
  goneMs: number | null;
}

/** An owner file that opens nothing, and what was known of it when that was found out. */
interface Doubt extends Pick<Presence, 'madeMs' | 'witnesses'> {
  readonly problem: Problem;
}

/** What `OpenDocumentWatch` needs. */
interface PresenceOptions {
  readonly root: Root;
  /** Called with every document that is open, whenever that changes. */
  readonly onChange: (open: OpenDocuments) => void;
  /** Called when the problems have changed. */
  readonly onProblems: () => void;
  /** Called with owner files that Lockstep has made. */
  readonly onOurs?: (paths: readonly RelPath[]) => void;
  readonly machine?: Machine;
  readonly times?: PresenceTimes;
}

/** Knows which documents of one root are open. */
export class OpenDocumentWatch {
  readonly #options: PresenceOptions;
  readonly #machine: Machine;
  readonly #times: PresenceTimes;
  /** By the path of the owner file. */
  readonly #present = new Map<RelPath, Presence>();
  readonly #problems = new Map<RelPath, Doubt>();
  /** Directories with owner files whose documents are not there: a program can make them in this order. */
  readonly #incomplete = new Set<RelPath | ''>();
  /** Directories to read, and when: milliseconds of the monotonic clock. */
  readonly #due = new Map<RelPath | '', number>();
  readonly #readAt = new Map<RelPath | '', { readonly ended: number; readonly took: number }>();
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> = Promise.resolve();
  #told = '';
  #isScanned = false;
  /** Whether every directory that the first scan has noticed was read. */
  #isKnown = false;
  #closed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#machine = options.machine ?? thisMachine;
    this.#times = options.times ?? TIMES;
  }

  /** The owner files in `dir` may have changed. */
  noticed(dir: RelPath | ''): void {
    this.#readBy(dir, performance.now());
  }

  /** Something has happened to `name` in `dir`. Other names matter where owner files are. */
  named(dir: RelPath | '', name: string): void {
    if (canBeOwnerFile(name)) this.noticed(dir);
    else this.#touched(dir);
  }

  #touched(dir: RelPath | ''): void {
    if (!this.#hasOwnerFiles(dir)) return;
    const last = this.#readAt.get(dir);
    const pause = last === undefined ? 0 : last.ended + last.took * READING_PAUSES - performance.now();
    this.#readBy(dir, performance.now() + Math.max(TOUCHED_MS, pause));
  }

  /**
   * The whole root was scanned, and every directory with owner files noticed: what is open is known soon. A later scan
   * tells that the directory of a problem may be gone.
   */
  scanned(): void {
    if (this.#isScanned && this.#problems.size === 0) return;
    this.#isScanned = true;
    this.#schedule(0);
  }

  /** Problems with owner files. */
  problems(): readonly Problem[] {
    return [...this.#problems.values()].map(({ problem }) => problem);
  }

  /** What is open; null until the root was scanned. */
  get open(): OpenDocuments | null {
    if (!this.#isKnown) return null;
    const documents = new Map<RelPath, OpenDocument>();
    for (const { path, app, owner, account } of this.#present.values()) {
      if (!documents.has(path)) documents.set(path, { path, app, owner, account });
    }
    return { account: accountOf(this.#machine), documents: [...documents.values()] };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#work;
  }

  #hasOwnerFiles(dir: RelPath | ''): boolean {
    if (this.#incomplete.has(dir)) return true;
    for (const path of this.#present.keys()) if (parentOf(path) === dir) return true;
    for (const path of this.#problems.keys()) if (parentOf(path) === dir) return true;
    return false;
  }

  #readBy(dir: RelPath | '', at: number): void {
    this.#due.set(dir, Math.min(at, this.#due.get(dir) ?? Number.POSITIVE_INFINITY));
    this.#schedule(Math.max(0, at - performance.now()));
  }

  /** Works in `ms` milliseconds at the latest. */
  #schedule(ms: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    let next = ms;
    for (const at of this.#due.values()) next = Math.min(next, Math.max(0, at - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#work = this.#work.then(() => this.#run());
    }, next);
  }

  async #run(): Promise<void> {
    if (this.#closed) return;
    const isScanned = this.#isScanned;
    const before = this.#problemText();
    for (const [dir, at] of [...this.#due]) {
      if (at > performance.now() + 1) continue;
      this.#due.delete(dir);
      await this.#read(dir);
    }
    this.#isKnown ||= isScanned;
    await this.#check();
    this.#tell();
    if (this.#problemText() !== before) this.#options.onProblems();
    if (this.#due.size > 0 || this.#present.size > 0) this.#schedule(this.#nextCheckMs());
  }

  /** Until the next check, in milliseconds: what is gone for long enough is closed at once. */
  #nextCheckMs(): number {
    const { checkMs, goneMs } = this.#times;
    const gone = [...this.#present.values()].flatMap((presence) => presence.goneMs ?? []);
    const left = gone.map((since) => since + goneMs - Date.now()).filter((ms) => ms > 0);
    return Math.min(checkMs, ...left);
  }

  #problemText(): string {
    return JSON.stringify(this.problems());
  }

  #tell(): void {
    const { open } = this;
    if (open === null) return;
    const text = JSON.stringify(open);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onChange(open);
  }

  async #read(dir: RelPath | ''): Promise<void> {
    const begun = performance.now();
    const found = await this.#readWhole(dir);
    this.#readAt.set(dir, { ended: performance.now(), took: performance.now() - begun });
    const there = new Set<RelPath>();
    const processesOf = onceFor(this.#machine.processesOf);
    for (const one of found ?? []) {
      const path = joinPath(dir, one.file.name);
      if (pathFault(path) !== null) continue;
      there.add(path);
      await this.#take(path, one, processesOf);
    }
    this.#miss(dir, there);
    const isComplete = (found ?? []).every(({ documents }) => documents.length > 0);
    if (isComplete) this.#incomplete.delete(dir);
    else if (this.#incomplete.size < MAX_OPEN) this.#incomplete.add(dir);
    if (!this.#hasOwnerFiles(dir)) this.#readAt.delete(dir);
  }

  /** Reads the directory again while a program is still writing who it is. */
  async #readWhole(dir: RelPath | ''): Promise<readonly FoundOwnerFile[] | null> {
    const until = performance.now() + this.#times.writingMs;
    for (;;) {
      const ours: RelPath[] = [];
      const found = await ownerFilesIn(this.#options.root, dir, (name) => ours.push(joinPath(dir, name)));
      if (ours.length > 0) this.#options.onOurs?.(ours);
      const isWriting = found?.some((one) => this.#isBeingWritten(joinPath(dir, one.file.name), one)) ?? false;
      if (!isWriting || performance.now() >= until) return found;
      await delay(WRITING_STEP_MS);
    }
  }

  #isBeingWritten(path: RelPath, { owner, file, madeMs }: FoundOwnerFile): boolean {
    if (owner.user !== null || file.format === 'unknown' || this.#present.has(path)) return false;
    return Math.abs(Date.now() - madeMs) < this.#times.writingMs * 2;
  }

  async #take(path: RelPath, found: FoundOwnerFile, processesOf: Machine['processesOf']): Promise<void> {
    const { file, owner, madeMs } = found;
    const known = this.#present.get(path);
    const witnesses = this.#witnessesOf(path, found) ?? (await processesOf(file.app));
    const doubt = (code: Problem['code'], message: string) => {
      this.#present.delete(path);
      this.#problems.set(path, { problem: { path, code, message }, madeMs, witnesses });
    };
    const stale = staleBecause(found, this.#machine, witnesses);
    const absolute = `${this.#options.root.path}/${path}`;
    if (stale !== null) return doubt('stale-owner-file', staleText(path, absolute, found, stale));
    if (found.documents.length > 1 && !isStillOf(found, known))
      return doubt('ambiguous-owner-file', ambiguousText(path, found));
    this.#problems.delete(path);
    const document = this.#documentOf(path, found, known);
    if (document === null || (known === undefined && this.#present.size >= MAX_OPEN)) return;
    const { host } = this.#machine;
    const account = owner.login === undefined ? owner.user : owner.login;
    this.#present.set(path, {
      path: document,
      app: file.app,
      owner: owner.user ?? known?.owner ?? accountOf(this.#machine),
      account: account !== null && owner.host !== null ? `${account}@${owner.host}` : null,
      pid: owner.host === host ? owner.pid : null,
      madeMs,
      witnesses,
      goneMs: null,
    });
  }

  /** A document that is being replaced is still the one that is open. */
  #documentOf(path: RelPath, { documents }: FoundOwnerFile, known: Presence | undefined): RelPath | null {
    const [name] = documents;
    if (name === undefined || documents.length > 1) return known?.path ?? null;
    const document = joinPath(parentOf(path), name);
    return pathFault(document) === null ? document : null;
  }

  /**
   * What was known of the same owner file stays known: once its program has ended, no process tells so any more. Processes
   * here say nothing about a program on another machine.
   * @returns null where they have to be asked for.
   */
  #witnessesOf(path: RelPath, { owner, madeMs }: FoundOwnerFile): readonly number[] | null {
    if (owner.pid !== null || (owner.host !== null && owner.host !== this.#machine.host)) return [];
    const known = this.#present.get(path) ?? this.#problems.get(path);
    return known?.madeMs === madeMs ? known.witnesses : null;
  }

  /** Of the owner files in `dir`, only those of `there` were found. */
  #miss(dir: RelPath | '', there: ReadonlySet<RelPath>): void {
    for (const path of this.#problems.keys())
      if (parentOf(path) === dir && !there.has(path)) this.#problems.delete(path);
    for (const [path, presence] of this.#present) {
      if (parentOf(path) === dir && !there.has(path)) presence.goneMs ??= Date.now();
    }
  }

  /** Ends what is over, and has directories read of which no event told. */
  async #check(): Promise<void> {
    const { root } = this.#options;
    for (const [path, presence] of this.#present) if (this.#isOver(presence)) this.#end(path);
    const there = [...this.#present].filter(([, { goneMs }]) => goneMs === null).map(([path]) => path);
    for (const path of there) this.#narrow(this.#present.get(path)!);
    const owned = [...there, ...this.#problems.keys()];
    if (owned.length === 0) return;
    for (const path of await missingOf(root, owned)) this.#due.set(parentOf(path), performance.now());
    for (const path of there)
      if (this.#hasDied(this.#present.get(path)!)) this.#due.set(parentOf(path), performance.now());
  }

  /** Of several processes of the program, those that have the document open are the ones that keep it open. */
  #narrow(presence: Presence): void {
    if (presence.witnesses.length < 2 || Math.abs(Date.now() - presence.madeMs) > NARROWING_MS) return;
    const absolute = `${this.#options.root.path}/${presence.path}`;
    const openers = presence.witnesses.filter((pid) => this.#machine.hasOpen(pid, absolute));
    if (openers.length > 0) presence.witnesses = openers;
  }

  #end(path: RelPath): void {
    this.#present.delete(path);
    if (!this.#hasOwnerFiles(parentOf(path))) this.#readAt.delete(parentOf(path));
  }

  #isOver(presence: Presence): boolean {
    const { goneMs, app } = presence;
    if (goneMs === null) return false;
    const isSaved = app === 'Emacs' && presence.pid !== null && !this.#hasDied(presence);
    return Math.abs(Date.now() - goneMs) >= (isSaved ? this.#times.savedMs : this.#times.goneMs);
  }

  #hasDied({ pid, madeMs, witnesses }: Presence): boolean {
    if (pid !== null) return !this.#machine.isAlive(pid, madeMs);
    return witnesses.length > 0 && witnesses.every((one) => !this.#machine.isAlive(one, madeMs));
  }
}

/** Whether the owner file is the one that belonged to one document before there was another one that it could be of. */
const isStillOf = ({ documents, madeMs }: FoundOwnerFile, known: Presence | undefined): boolean =>
  known?.madeMs === madeMs && documents.includes(nameOf(known.path));

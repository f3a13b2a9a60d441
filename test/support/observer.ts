// A third observer of a pair: knows the real directories and what was done, and compares with it what is shown. What is
// shown wrongly for longer than a moment is a lie.
import fs from 'node:fs';
import path from 'node:path';
import type { PairState, Transfer } from '../../src/wire/client-api/methods.js';
import { sized } from './sizes.js';

/**
 * What is shown may be so late, in milliseconds, besides the time in which nothing could run. The short form runs beside
 * other tests, which take the processors from the servers while the observer runs.
 */
export const MOMENT_MS = sized(3_000, 1_000);

/** Server-a dials a server-b that is gone at least so often, in milliseconds. */
const REDIAL_MS = 2_000;

/** What people see at one time; null: nobody answers. */
export interface Shown {
  readonly status: {
    readonly state: PairState;
    readonly paused: { readonly by: string } | null;
    readonly pending: number;
    readonly left: { readonly files: number };
    /** The sides that are shown as they were last seen. */
    readonly outdated?: readonly string[];
  } | null;
  readonly entries: readonly Row[] | null;
  /** The files that are shown as being transferred or read. */
  readonly transfers: readonly Pick<Transfer, 'path' | 'to' | 'reading'>[];
  /** How much of the work is done, 0–100. */
  readonly percent: number;
  readonly waiters: readonly string[] | null;
  /** The lines of the live view. */
  readonly view: readonly string[];
  /** The last event that says how the pair stands; null where the stream has just begun. */
  readonly event: string | null;
  /**
   * How many pieces of work have ended: with in-sync, or with the server-a that counted; null where one has ended while
   * it was asked, so that the percentage may be that of either.
   */
  readonly pieces: number | null;
}

interface Row {
  readonly path: string;
  readonly on: 'both' | 'a' | 'b';
  readonly syncing?: number;
}

/** What was done. */
export interface Done {
  pausedBy: string | null;
  /** Whether somebody has asked to pause or to go on and has no answer yet: then both may be shown. */
  isPauseAsked: boolean;
  isAUp: boolean;
  isBUp: boolean;
  readonly waiters: Set<string>;
}

type Tree = ReadonlyMap<string, string>;

/** Watches one pair. */
export class Observer {
  readonly lies: string[] = [];
  readonly done: Done = { pausedBy: null, isPauseAsked: false, isAUp: true, isBUp: true, waiters: new Set() };
  readonly #roots: Readonly<Record<'a' | 'b', string>>;
  readonly #begun = performance.now();
  /** Since when each lie is told, milliseconds. */
  readonly #since = new Map<string, number>();
  /** When the last observation was made. */
  #last = performance.now();
  /** The time in which this process could not run counts for nobody. */
  #stalledMs = 0;
  readonly #shares = new Map<string, { readonly content: string; readonly share: number }>();
  #work: Pick<Shown, 'percent' | 'pieces'> = { percent: 0, pieces: null };
  /** The newer content of each file, and since when: what is shown may be late, so a moment later it is about that. */
  readonly #newer = new Map<string, { readonly content: string; readonly since: number }>();
  /** When the wire was cut last. */
  #cutAt = Number.NEGATIVE_INFINITY;
  /** What server-a can know of both sides. */
  readonly #known = { a: new Map<string, string>(), b: new Map<string, string>() };
  /** The files whose content on a side could not be known at the last observation. */
  readonly #hidden: Record<'a' | 'b', ReadonlySet<string>> = { a: new Set<string>(), b: new Set<string>() };
  /** What each file had when both sides were last seen equal in it. */
  readonly #shared = new Map<string, string>();
  samples = 0;
  /** Both sides as they were before what is shown was asked for. */
  #before: readonly [Tree, Tree] = [new Map(), new Map()];

  constructor(roots: Readonly<Record<'a' | 'b', string>>) {
    this.#roots = roots;
  }

  /** The time that counts. */
  get #now(): number {
    return performance.now() - this.#stalledMs;
  }

  /** To be called before what is shown is asked for, every `ms`. */
  tick(ms: number): void {
    const now = performance.now();
    this.#stalledMs += Math.max(0, now - this.#last - ms - 10);
    this.#last = now;
    this.#before = [treeOf(this.#roots.a), treeOf(this.#roots.b)];
  }

  /** Compares what is shown with what is so. */
  note(shown: Shown): void {
    this.samples++;
    const [a, b] = [treeOf(this.#roots.a), treeOf(this.#roots.b)];
    this.#noteContents(shown, a, b);
    const told = new Set<string>([
      ...this.#ofState(shown, a, b),
      ...this.#ofRows(shown, a, b),
      ...this.#ofPeople(shown),
    ]);
    for (const lie of [...this.#since.keys()]) if (!told.has(lie)) this.#since.delete(lie);
    for (const lie of told) {
      const since = this.#since.get(lie) ?? this.#now;
      this.#since.set(lie, since);
      if (this.#now - since <= MOMENT_MS) continue;
      this.#tell(`for ${Math.round(this.#now - since)} ms: ${lie}`, shown);
      this.#since.set(lie, Number.POSITIVE_INFINITY); // told once
    }
    if (shown.status !== null) this.#noteProgress(shown, a, b);
  }

  /** Notes a lie, with when it was told and how the pair stood. */
  #tell(lie: string, { status, transfers }: Shown): void {
    const at = Math.round(performance.now() - this.#begun);
    const state = status === null ? 'no status' : `${status.state}, ${status.pending} pending`;
    this.lies.push(`${at} ${lie} (${[state, ...transfers.map(({ path: file }) => file)].join(', ')})`);
  }

  *#ofState({ status, view, event, transfers }: Shown, a: Tree, b: Tree): Generator<string> {
    const { pausedBy, isAUp, isBUp } = this.done;
    const [head = ''] = view;
    const differs = !isSame(a, b);
    if (!isAUp) {
      if (!head.startsWith('server-a is gone')) yield `the view says "${wordOf(head)}" without server-a`;
      return;
    }
    if (head.startsWith('server-a is gone')) yield 'the view says that server-a is gone';
    if (status === null || this.done.isPauseAsked) return;
    const { state } = status;
    if (differs && state === 'in-sync') yield 'status says in-sync';
    if (differs && head.startsWith('In sync')) yield 'the view says In sync';
    if (differs && event === 'in-sync') yield 'the last event is in-sync';
    if (!isBUp && (state === 'in-sync' || state === 'syncing')) yield `status says ${state} without server-b`;
    if (!isBUp && !isBOutdated(status)) yield 'status shows side b as present without server-b';
    const isBThere = this.#isBThere(status);
    // A scan of side b may take longer than a moment.
    if (isBThere && isBOutdated(status) && pausedBy === null && state !== 'scanning')
      yield 'status shows side b as it was last seen though server-b is there';
    if (!isBUp && /^(In sync|Syncing)/.test(head)) yield `the view says "${wordOf(head)}" without server-b`;
    if (pausedBy !== null) {
      if (state !== 'paused' || status.paused?.by !== pausedBy)
        yield `status says ${state} while ${pausedBy} has paused`;
      if (!head.startsWith(`Paused by ${pausedBy} `)) yield `the view says "${wordOf(head)}" while paused`;
    } else {
      if (state === 'paused') yield 'status says paused though nobody has';
      if (head.startsWith('Paused')) yield 'the view says Paused though nobody has';
      if (event === 'paused') yield 'the last event is paused though nobody has';
    }
    // What side b has is not known before it was scanned.
    if (
      state !== 'scanning' &&
      this.#mustBePending(a, b, isBThere) &&
      (status.pending === 0 || status.left.files === 0)
    )
      yield 'nothing is pending';
    if (differs || pausedBy !== null || !isBThere) return;
    if (state !== 'in-sync') yield `status says ${state} though all is equal`;
    if (!head.startsWith('In sync')) yield `the view says "${wordOf(head)}" though all is equal`;
    if (event === 'syncing') yield 'the last event is syncing though all is equal';
    if (status.pending > 0 || transfers.length > 0) yield 'something is pending though all is equal';
  }

  *#ofRows({ status, entries, transfers }: Shown, a: Tree, b: Tree): Generator<string> {
    if (status === null || entries === null || !this.done.isAUp) return;
    const isBThere = this.#isBThere(status);
    const rows = new Map(entries.map((row) => [row.path, row]));
    for (const file of new Set([...a.keys(), ...b.keys()])) {
      // What changes on a side that is away is not known.
      if (!isBThere && !a.has(file)) continue;
      const row = rows.get(file);
      if (row === undefined) {
        if (!transfers.some(({ path: at }) => at === file)) yield `no row for ${file}`;
      } else if (a.get(file) === b.get(file)) {
        if (row.on !== 'both' && isBThere) yield `${file} is shown only in ${row.on}`;
        if (row.syncing !== undefined && isBThere) yield `${file} is shown as syncing`;
      } else if (isBThere && row.on === 'both' && row.syncing === undefined) yield `${file} is shown as equal`;
    }
    for (const file of rows.keys())
      if (isBThere && !a.has(file) && !b.has(file)) yield `a row for ${file}, which is gone`;
  }

  *#ofPeople({ waiters, view }: Shown): Generator<string> {
    if (!this.done.isAUp) return;
    const isWaiting = (name: string) => view.some((line) => line.includes(' on a since ') && line.includes(name));
    for (const name of waiters ?? []) if (!this.done.waiters.has(name)) yield `${name} is shown as waiting`;
    for (const name of ['bob', 'cyd']) {
      if (isWaiting(name) && !this.done.waiters.has(name)) yield `the view shows ${name} as waiting`;
    }
  }

  /**
   * Whether server-b runs and server-a must have found it: after a cut, it is told that side b is shown as it was last
   * seen, for as long as server-a may wait before it dials again.
   */
  #isBThere(status: NonNullable<Shown['status']>): boolean {
    const mayDial = this.#now - this.#cutAt <= REDIAL_MS;
    return this.done.isBUp && !(mayDial && isBOutdated(status));
  }

  #noteContents(shown: Shown, a: Tree, b: Tree): void {
    this.#noteKnown(shown, a, b);
    for (const file of new Set([...a.keys(), ...b.keys(), ...this.#shared.keys()])) {
      const content = newerOf(this.#known.a.get(file), this.#known.b.get(file));
      if (this.#newer.get(file)?.content !== content) this.#newer.set(file, { content, since: this.#now });
      if (a.get(file) !== b.get(file)) continue;
      if (a.has(file)) this.#shared.set(file, a.get(file)!);
      else this.#shared.delete(file);
    }
  }

  /**
   * Not known is what changes on a side b that is shown as it was last seen, where a content is still being read, and
   * where another one is being written: server-a looks at it again after that. The answers of one observation are not
   * of one instant, so what was hidden at the last one is known only from the next one on.
   */
  #noteKnown({ status, transfers }: Shown, a: Tree, b: Tree): void {
    if (status === null) return;
    for (const side of this.done.isBUp && !isBOutdated(status) ? (['a', 'b'] as const) : (['a'] as const)) {
      const tree = side === 'a' ? a : b;
      const isHidden = ({ to, reading }: Shown['transfers'][number]) => (to === side) !== (reading === true);
      const hidden = new Set(transfers.filter(isHidden).map(({ path: file }) => file));
      for (const file of new Set([...tree.keys(), ...this.#known[side].keys()])) {
        if (hidden.has(file) || this.#hidden[side].has(file)) continue;
        if (tree.has(file)) this.#known[side].set(file, tree.get(file)!);
        else this.#known[side].delete(file);
      }
      this.#hidden[side] = hidden;
    }
  }

  /** Whether something differs that can be known: what changes on a side that is away cannot. */
  #mustBePending(a: Tree, b: Tree, isBThere: boolean): boolean {
    return isBThere ? !isSame(a, b) : !isSame(a, this.#shared);
  }

  /** What is shown of one content, and of a piece of work, never runs backwards. */
  #noteProgress(shown: Shown, a: Tree, b: Tree): void {
    const { entries, percent, pieces } = shown;
    const [wasA, wasB] = this.#before;
    for (const { path: file, syncing } of entries ?? []) {
      const newer = this.#newer.get(file);
      const before = this.#shares.get(file);
      // The share of a content that is being written begins anew.
      const isOld = isSameIn(file, a, wasA) && isSameIn(file, b, wasB) && file !== 'growing';
      if (newer === undefined || syncing === undefined || !isOld || this.#now - newer.since <= MOMENT_MS) continue;
      if (this.#isOfUnknown(file, shown, a, b)) continue;
      // The newer content is the one that is on its way.
      const { content } = newer;
      if (before?.content === content && syncing < before.share)
        this.#tell(`${file} (${content}) runs back from ${before.share} % to ${syncing} %`, shown);
      this.#shares.set(file, { content, share: syncing });
    }
    const { percent: last, pieces: piece } = this.#work;
    if (pieces !== null && pieces === piece && percent < last)
      this.#tell(`the work runs back from ${last} % to ${percent} %`, shown);
    this.#work = { percent, pieces };
  }

  /** Whether a share may be that of a content that is not known yet: one that is read, or has just begun. */
  #isOfUnknown(file: string, { status, transfers }: Shown, a: Tree, b: Tree): boolean {
    const carried = transfers.filter(({ path: at, reading }) => at === file && reading !== true);
    const mayCome = (from: 'a' | 'b') => carried.length === 0 || carried.some(({ to }) => to !== from);
    if (mayCome('a') && !isSameIn(file, a, this.#known.a)) return true;
    const isBShown = status !== null && this.done.isBUp && !isBOutdated(status);
    return mayCome('b') && isBShown && !isSameIn(file, b, this.#known.b);
  }

  /** The wire is cut: server-b is away until it is dialled again. */
  cut(): void {
    this.#cutAt = this.#now;
  }

  /** A new server-a counts its work anew. Of side b it knows what was shared. */
  restarted(): void {
    this.#shares.clear();
    this.#known.b.clear();
    for (const [file, content] of this.#shared) this.#known.b.set(file, content);
    this.#work = { percent: 0, pieces: null };
  }
}

const wordOf = (line: string): string => line.split(/\s{2,}|:| since/)[0] ?? '';

const isBOutdated = ({ outdated }: NonNullable<Shown['status']>): boolean => outdated?.includes('b') === true;

const isSameIn = (file: string, x: Tree, y: Tree): boolean => x.get(file) === y.get(file);

/** The newer one of two contents. */
function newerOf(x = 'none 0', y = 'none 0'): string {
  const timeOf = (content: string) => Number(content.split(' ')[1]);
  return timeOf(x) >= timeOf(y) ? x : y;
}

function isSame(a: Tree, b: Tree): boolean {
  if (a.size !== b.size) return false;
  for (const [file, content] of a) if (b.get(file) !== content) return false;
  return true;
}

/** The files of a root with what tells their contents apart for the eye of an observer. */
function treeOf(root: string): Tree {
  const tree = new Map<string, string>();
  for (const name of fs.readdirSync(root)) {
    if (name === '.lockstep') continue;
    const stats = fs.lstatSync(path.join(root, name), { throwIfNoEntry: false });
    if (stats?.isFile()) tree.set(name, `${stats.size} ${Math.round(stats.mtimeMs)}`);
  }
  return tree;
}

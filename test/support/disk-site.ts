// One root as an apply finds it: looked at once, with staging and versions, and with ways to do mischief in between.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Change, Outcome } from '../../src/core/change.js';
import { contentOf } from '../../src/core/change.js';
import type { DirEntry, Entry, FileEntry, LinkEntry } from '../../src/core/entry.js';
import type { RelPath } from '../../src/core/path.js';
import { entryOf } from '../../src/core/snapshot.js';
import { applyChanges } from '../../src/disk/apply/apply.js';
import { ConflictCopies } from '../../src/disk/apply/conflict-copies.js';
import type { ApplyContext } from '../../src/disk/apply/context.js';
import { LinkGate } from '../../src/disk/fs/link-target.js';
import { OwnDirectory } from '../../src/disk/fs/own-directory.js';
import { Parents } from '../../src/disk/fs/parents.js';
import { Scanner } from '../../src/disk/scan/scanner.js';
import { Staging } from '../../src/disk/staging/staging.js';
import { openRoot } from '../../src/disk/state/root.js';
import { openStateDirectory } from '../../src/disk/state/state-directory.js';
import { Versions } from '../../src/disk/versions/versions.js';
import type { Applied, Content, JoinedContents } from '../../src/replica.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from './trees.js';

export const p = (text: string): RelPath => text as RelPath;

/** A time with microseconds in it, in microseconds. */
export const TIME = 1_700_000_000_123_457;

/** @returns the entry of a file of this content. */
export function file(content: string | Buffer, more: { mode?: number; mtime?: number } = {}): FileEntry {
  const { mode = 0o644, mtime = TIME } = more;
  const hash = createHash('sha256').update(content).digest('hex');
  return { type: 'file', size: Buffer.byteLength(content), mtime, mode, hash };
}
export const link = (target: string): LinkEntry => ({ type: 'symlink', target, mtime: TIME });
export const dir = (mode = 0o755): DirEntry => ({ type: 'dir', mode });

/** The pieces of `contents`, the n-th in pieces of `pieceBytes`. */
export async function* stream(contents: readonly (string | Buffer)[], pieceBytes = 1 << 20): AsyncGenerator<Content> {
  for (const [n, content] of contents.entries()) yield* pieces(n, Buffer.from(content as string), pieceBytes);
}

export function* pieces(n: number, data: Buffer, pieceBytes: number): Generator<Extract<Content, { data: Buffer }>> {
  for (let at = 0; at === 0 || at < data.length; at += pieceBytes) {
    yield { n, data: data.subarray(at, at + pieceBytes), last: at + pieceBytes >= data.length };
  }
}

/** A step of the event loop: what has come so far is published. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** One of our own directories, wherever it is. */
export const own = (absolute: string): OwnDirectory =>
  new OwnDirectory(path.dirname(absolute), path.basename(absolute));

export class DiskSite {
  readonly scanner: Scanner;
  readonly versions: Versions;
  readonly staging: Staging;
  readonly #state: ReturnType<typeof openStateDirectory>;

  private constructor(
    readonly root: string,
    ignore: readonly string[],
  ) {
    const opened = openRoot(root);
    this.#state = openStateDirectory(opened.path);
    this.scanner = new Scanner({ root: opened, ignore, watch: false, onHint: () => {} });
    this.versions = new Versions(this.#state.versions);
    this.staging = new Staging(this.#state.staging);
  }

  /** A site on a new root with `tree` in it, looked at; removed after the test. */
  static async open(tree: Tree = {}, ignore: readonly string[] = []): Promise<DiskSite> {
    const root = makeRoot('site');
    put(root, tree);
    const context = new DiskSite(root, ignore);
    onTestFinished(async () => {
      await context.scanner.close();
      context.#state.release();
      removeRoot(root);
    });
    for (let scan = await context.scanner.scan('everything'); scan.unsettled > 0; ) {
      await turn();
      scan = await context.scanner.scan('everything');
    }
    return context;
  }

  at(name: string): string {
    return path.join(this.root, name);
  }

  /** What was seen at `name`, without the signature of the disk. */
  seen(name: string): Entry | null {
    const entry = entryOf(this.scanner.snapshot.get(p(name)));
    if (entry?.type !== 'file') return entry;
    const { type, size, mtime, mode, hash } = entry;
    return { type, size, mtime, mode, hash };
  }

  /** A change of `name` from what was seen there to `after`. */
  change(name: string, after: Entry | null, more: Partial<Change> = {}): Change {
    const before = more.before === undefined ? this.seen(name) : more.before;
    const action = before === null ? 'created' : after === null ? 'deleted' : 'modified';
    return { path: p(name), action, after, ...more, before };
  }

  /** A rename of what was seen at `from`. */
  move(from: string, to: string, after: FileEntry = this.seen(from) as FileEntry): Change {
    return { path: p(to), action: 'renamed', before: null, after, from: { path: p(from), entry: this.seen(from)! } };
  }

  parts() {
    const { scanner, staging, versions } = this;
    return { scanner, staging, versions, links: new LinkGate(this.root, scanner.snapshot) };
  }

  /** What steps need. @param parents to be closed by the caller. */
  context(parents = new Parents(this.root)): ApplyContext {
    return { ...this.parts(), parents, copies: new ConflictCopies(parents, this.scanner, this.staging) };
  }

  apply(
    changes: readonly Change[],
    contents: AsyncIterable<Content | JoinedContents> = stream([]),
  ): AsyncGenerator<Applied> {
    return applyChanges(this.context(), changes, contents);
  }

  /** Applies, and returns each change's outcome, by its number; one outcome each. */
  async outcomes(changes: readonly Change[], contents?: AsyncIterable<Content | JoinedContents>): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for await (const { n, outcome } of this.apply(changes, contents)) {
      if (outcomes[n] !== undefined) throw new Error(`change ${n} has two outcomes`);
      outcomes[n] = outcome;
    }
    if (outcomes.filter(() => true).length !== changes.length) throw new Error('a change has no outcome');
    return outcomes;
  }

  /** Applies changes that carry `contents`, and returns the kinds of their outcomes, in a line. */
  async kinds(changes: readonly Change[], contents: readonly (string | Buffer)[] = []): Promise<string> {
    if (contents.length !== changes.filter((change) => contentOf(change) !== null).length) throw new Error('contents?');
    return (await this.outcomes(changes, stream(contents))).map(({ kind }) => kind).join(' ');
  }

  tree(): Tree {
    return readTree(this.root);
  }

  /** The versions, by path with the moment left out. */
  kept(below: 'versions' | 'held' | 'staging' = 'versions'): Record<string, string> {
    const directory = this.at(`.lockstep/${below}`);
    const kept: Record<string, string> = {};
    for (const name of fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const stats = fs.lstatSync(path.join(directory, name));
      if (stats.isDirectory()) continue;
      const content = stats.isSymbolicLink()
        ? `-> ${fs.readlinkSync(path.join(directory, name))}`
        : fs.readFileSync(path.join(directory, name), 'utf8');
      kept[name.replace(/\d{4}-\d\d-\d\d \d\d-\d\d-\d\d/, '*')] = content;
    }
    return kept;
  }

  /** The files below the root that this process has open, other than the one that it has open all the time. */
  openFiles(): string[] {
    return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
      // The directory that was read here is closed by now.
      const isFile = fs.statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.isFile() === true;
      const name = isFile ? path.relative(this.root, fs.readlinkSync(`/proc/self/fd/${fd}`)) : '..';
      return name.startsWith('..') || name === '.lockstep/watermarks' ? [] : [name];
    });
  }

  /** What is staged; nothing should be, when an apply has ended. */
  staged(): string[] {
    return fs.readdirSync(this.at('.lockstep/staging'));
  }
}

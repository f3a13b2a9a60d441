// The replica on this machine: joins scanning, reading and applying of one root, and stores what was last seen in it.

import fs from 'node:fs';
import path from 'node:path';
import type { Change } from '../core/change.js';
import type { Entry, FileEntry } from '../core/entry.js';
import { comparePaths, isAtOrBelow, nameOf, parentOf, type RelPath } from '../core/path.js';
import { entryOf, Snapshot } from '../core/snapshot.js';
import type { Logger } from '../log.js';
import type {
  Applied,
  Content,
  JoinedContents,
  Offer,
  OpenDocuments,
  Replica,
  ScanResult,
  ScanScope,
  ShownLock,
  Wanted,
} from '../replica.js';
import { applyChanges } from './apply/apply.js';
import type { ApplyContext } from './apply/context.js';
import { Guard } from './apply/guard.js';
import { openGuardRecords } from './apply/guard-records.js';
import { freeBytes, IncomingUpload, noRoom } from './apply/incoming-upload.js';
import { offerFor } from './apply/offer.js';
import { openContext } from './apply/step.js';
import { OpenContent } from './content/open-file.js';
import { readContents, readJoined } from './content/read.js';
import { makeNamesDurable } from './fs/durable-names.js';
import type { Root } from './fs/parents.js';
import { nothingOpen } from './owner-files/machine.js';
import { OpenDocumentWatch } from './owner-files/open-documents.js';
import { RULES_FILE, RulesFile } from './owner-files/rules-file.js';
import { ShownLocks } from './owner-files/shown-locks.js';
import { Damage } from './scan/crash-damage.js';
import { isMostlyAsSeen } from './scan/same-tree.js';
import { Scanner } from './scan/scanner.js';
import { Staging } from './staging/staging.js';
import { ANEW } from './state/files.js';
import { type DamageKind, damageText } from './state/journal-check.js';
import { PARTNER_TABLE, PartnerMemory } from './state/partner-memory.js';
import type { StateDirectory } from './state/state-directory.js';
import type { Store, Table } from './state/store.js';
import type { VersionLimits } from './versions/pruning.js';
import type { LocalVersionReader } from './versions/reader.js';
import { VersionStore } from './versions/version-store.js';
import type { Versions } from './versions/versions.js';

/** After how many applied changes the guard is updated, at the latest. */
const GUARD_TOGETHER = 128;
/** The file that records the owner files of locks that are shown. */
const SHOWN_LOCKS = 'shown-locks';
/** How often the server checks that its own files in the state directory are still there. */
const KEEP_MS = 2_000;

/** What a local replica needs. */
interface LocalReplicaOptions {
  readonly root: Root;
  readonly state: StateDirectory;
  /** Patterns of `--ignore`, gitignore lines. */
  readonly ignore: readonly string[];
  readonly log: Logger;
  /** How long and how much of overwritten and deleted files is kept; 30 days and 20 % of the disk by default. */
  readonly versionLimits?: VersionLimits | undefined;
  /** Whether owner files are read, which tell that a document is open; they are unless this is false. */
  readonly ownerFiles?: boolean;
  /** Whether the lock rules of this root count, so that what is wrong in them is a problem; only if this is true. */
  readonly hasRules?: boolean;
  /** Whether owner files say to programs who has locked a document on the other side; they do unless this is false. */
  readonly showLocks?: boolean;
}

/** One root on this machine. */
export class LocalReplica implements Replica {
  readonly scanner: Scanner;
  readonly versions: Versions;
  readonly versionReader: LocalVersionReader;
  /** Whether the stored snapshot of the root is lost: deletions since then cannot be recognised. */
  readonly lostMemory: boolean;
  /** What the root remembers of its partner. */
  readonly memory = new PartnerMemory();
  readonly #versionStore: VersionStore;
  readonly #staging: Staging;
  readonly #store: Store;
  readonly #root: Root;
  readonly #state: StateDirectory;
  readonly #keeping: NodeJS.Timeout;
  readonly #guarding: Guard;
  readonly #openDocuments: OpenDocumentWatch | null;
  readonly #shownLocks: ShownLocks;
  readonly #hasRules: boolean;
  /** The lock rules of the root. */
  readonly lockRules: RulesFile;
  /** Whether names in the tree may not be durable yet, because the last server crashed. */
  #areNamesLoose: boolean;
  #listener: () => void = () => {};
  #onOpened: (open: OpenDocuments) => void = () => {};

  constructor(options: LocalReplicaOptions) {
    const { root, state, ignore, log, versionLimits } = options;
    const known = new Snapshot();
    const damage = new Damage(state.crash);
    this.#areNamesLoose = state.crash?.ofMachine === false;
    const seen = openScanState(options, { seen: tableOf(known), damaged: damage, [PARTNER_TABLE]: this.memory });
    this.#store = seen.store;
    this.memory.openIn(seen.store);
    this.lostMemory = seen.isLost;
    damage.onChange = (at, hash) => this.#store.put('damaged', at, hash);
    this.#root = { ...root, id: state.id };
    this.#state = state;
    this.#hasRules = options.hasRules === true;
    this.lockRules = new RulesFile(this.#root);
    const record = path.join(state.path, SHOWN_LOCKS);
    this.#shownLocks = new ShownLocks({ root: this.#root, record, isOn: options.showLocks !== false, log });
    this.#staging = new Staging(state.staging);
    this.#versionStore = new VersionStore(state, log, versionLimits);
    this.#staging.onFull = () => this.#versionStore.makeRoom();
    this.versions = this.#versionStore.versions;
    this.versionReader = this.#versionStore.versionReader;
    this.#openDocuments =
      options.ownerFiles === false
        ? null
        : new OpenDocumentWatch({
            root: this.#root,
            onChange: (open) => this.#opened(open),
            onProblems: () => this.#ownerFilesDoubted(),
            onOurs: (paths) => this.#shownLocks.found(paths),
          });
    this.scanner = new Scanner({
      root: this.#root,
      ignore,
      known,
      damage,
      watch: true,
      onHint: () => this.#listener(),
      reported: (at, stats) => this.#guarding.reported(at, stats),
      ...(this.#openDocuments === null ? {} : { ownerFiles: this.#openDocuments }),
      log,
    });
    this.#guarding = new Guard(root, openGuardRecords(state.files), this.scanner, log);
    state.problems.onChange = () => this.#listener();
    this.scanner.onSeen = (at, entry) => this.#store.put('seen', at, entry);
    // The rules of the last run count until the first scan: what was locked by them stays so.
    if (this.#hasRules) this.#refreshRules();
    // The last server may have been killed; the session sets again what to guard.
    this.#guarding.clear();
    this.#keeping = setInterval(() => void this.#keep(), KEEP_MS).unref();
  }

  /**
   * Reports each of `paths` even if it did not change: the caller may have missed it, for example when an apply was
   * interrupted before its outcome arrived.
   */
  async scan(scope: ScanScope, paths: readonly RelPath[] = []): Promise<ScanResult> {
    this.scanner.markDirty(paths);
    const scan = await this.#scanAndKeep(scope);
    if (this.#areNamesLoose && scan.halt === null) {
      await makeNamesDurable(this.#root, this.#directories());
      this.#areNamesLoose = false;
    }
    this.#guarding.scanned(scan);
    if (scan.halt !== null || scan.whole || paths.length === 0) return scan;
    const reported = new Set(scan.entries.map(({ path: at }) => at));
    const asked = paths.filter((at) => !reported.has(at) && !this.#isLeftOut(at, scan)).sort(comparePaths);
    const { snapshot } = this.scanner;
    return {
      ...scan,
      entries: [...scan.entries, ...asked.map((at) => ({ path: at, entry: entryOf(snapshot.get(at)) }))],
    };
  }

  /** Restores the identity file of a root that lost it, if the root is certainly the same one, and scans again. */
  async #scanAndKeep(scope: ScanScope): Promise<ScanResult> {
    let scan = await this.scanner.scan(scope);
    if (scan.halt?.code === 'root-replaced') {
      await this.#keep();
      scan = await this.scanner.scan(scope);
    }
    if (scan.halt === null) this.#openDocuments?.scanned();
    if (this.#hasRules) this.#refreshRules();
    const ofOwnerFiles = [...(this.#openDocuments?.problems() ?? []), ...this.lockRules.problems];
    return { ...scan, problems: [...scan.problems, ...ofOwnerFiles, ...this.#state.problems.list()] };
  }

  #refreshRules(): void {
    const file = this.scanner.snapshot.get(RULES_FILE);
    this.lockRules.refresh(file?.type === 'file' ? file.hash : null);
  }

  #keep(): Promise<void> {
    return this.#state.keep(() => isMostlyAsSeen(this.#root.path, this.scanner.snapshot));
  }

  *#directories(): Generator<RelPath | ''> {
    yield '';
    for (const [at, { type }] of this.scanner.snapshot.walk()) if (type === 'dir') yield at;
  }

  /** Whether `at` is ignored or unknown, and so counts as neither present nor deleted. */
  #isLeftOut(at: RelPath, { unknown }: ScanResult): boolean {
    const seen = entryOf(this.scanner.snapshot.get(at));
    return unknown.some((above) => isAtOrBelow(at, above)) || this.scanner.ignores(parentOf(at), nameOf(at), seen);
  }

  async acceptDeletes(): Promise<void> {
    this.scanner.acceptDeletes();
  }

  async offer(change: Change): Promise<Offer | null> {
    return offerFor({ root: this.#root, scanner: this.scanner, staging: this.#staging }, change);
  }

  read(wanted: readonly Wanted[]): AsyncIterable<Content> {
    return readContents(this.#root, wanted);
  }

  readJoined(wanted: readonly Wanted[]): AsyncIterable<Content | JoinedContents> {
    return readJoined(this.#root, wanted);
  }

  apply(changes: readonly Change[], contents: AsyncIterable<Content | JoinedContents>): AsyncIterable<Applied> {
    return this.#guarded(changes, applyChanges(this.#context(), changes, contents));
  }

  /** Guards files that are written to guarded paths. Updates the guard in batches, because each update is a flush. */
  async *#guarded(changes: readonly Change[], applied: AsyncIterable<Applied>): AsyncGenerator<Applied> {
    let done: Change[] = [];
    const updateGuard = () => {
      this.#guarding.applied(done);
      this.#shownLocks.changed(done.map((change) => change.path));
      done = [];
    };
    try {
      for await (const one of applied) {
        if (one.outcome.kind === 'done' && done.push(changes[one.n]!) >= GUARD_TOGETHER) updateGuard();
        yield one;
      }
    } finally {
      updateGuard();
    }
  }

  async guard(paths: readonly RelPath[], on: boolean): Promise<void> {
    if (paths.length === 0) this.#guarding.clear();
    else this.#guarding.set(paths, on);
  }

  async showLocks(locks: readonly ShownLock[], anew: boolean): Promise<void> {
    this.#shownLocks.show(locks, anew);
  }

  /** Deletes the partial files of interrupted transfers. To be called when both sides are equal. */
  dropPartials(): void {
    this.#staging.makeRoom();
  }

  #context(): ApplyContext {
    return openContext(this.#root, { scanner: this.scanner, staging: this.#staging, versions: this.versions });
  }

  /**
   * Begins an upload by a client.
   * @param file the file to be, without its hash.
   * @throws SyncError `failed` where the disk has too little free space.
   */
  receive(file: Omit<FileEntry, 'hash'>): IncomingUpload {
    const free = () => this.#state.staging.use('.', freeBytes);
    if (free() < file.size) this.#staging.makeRoom();
    if (free() < file.size) throw noRoom(file.size);
    return new IncomingUpload(this.#staging.begin({ ...file, hash: '' }));
  }

  /** Renames an uploaded content to its path, as `change` says. */
  publish(change: Change, received: IncomingUpload): AsyncIterable<Applied> {
    return this.#guarded([change], received.publish(this.#context(), change));
  }

  /** Opens the file at `at` for reading. @returns null where there is none. */
  open(at: RelPath): Promise<OpenContent | null> {
    return OpenContent.open(this.#root, this.scanner, at);
  }

  onHint(listener: () => void): void {
    this.#listener = listener;
  }

  #opened(open: OpenDocuments): void {
    this.#onOpened(open);
    this.#shownLocks.retry();
  }

  onOpened(listener: (open: OpenDocuments) => void): void {
    this.#onOpened = listener;
    const open = this.#openDocuments === null ? nothingOpen() : this.#openDocuments.open;
    if (open !== null) listener(open);
  }

  /** An owner file that nobody keeps was found, or is gone: then it is no more in the way of one of ours. */
  #ownerFilesDoubted(): void {
    this.#listener();
    this.#shownLocks.retry();
  }

  async close(): Promise<void> {
    clearInterval(this.#keeping);
    await this.#openDocuments?.close();
    this.#shownLocks.clear();
    await this.#keep();
    await this.scanner.close();
    await this.#versionStore.close();
    await this.#store.close();
  }
}

/**
 * Opens the store with the snapshot of the last run. If it is lost, the root gets a new identity: nobody could tell
 * what vanished while no server ran, and the limits for mass deletions could not be checked.
 */
function openScanState({ root, state }: LocalReplicaOptions, tables: Readonly<Record<string, Table>>) {
  const { files } = state;
  const file = path.join(state.path, 'seen.log');
  const consequence = `What was last seen of ${root.path} is not known any more. ${ANEW}`;
  let isLost = state.isIdentityLost;
  const lose = () => {
    isLost = true;
    state.renew();
  };
  // Without watermarks, only the identity shows that there must have been a file.
  if (files.areUnknown && !state.isNew && !fs.existsSync(file)) {
    files.report('seen.log', `${damageText(file, 'missing', null)} ${consequence}`);
    lose();
  }
  const onDamage = (kind: DamageKind) => (kind === 'tail' ? undefined : lose());
  const { store } = files.openStore(file, tables, { consequence, onDamage });
  return { store, isLost };
}

/** A snapshot as a table of the store. */
export function tableOf(snapshot: Snapshot): Table {
  return {
    load: (key, value) => snapshot.put(key as RelPath, value as Entry | null),
    *all() {
      for (const [at, node] of snapshot.walk()) yield [at, entryOf(node)] as const;
    },
  };
}

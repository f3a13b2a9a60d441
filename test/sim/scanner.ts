// Scans of a simulated disk, with the contract of src/disk/scan: hints only say where to scan; a scan takes time, in
// which users go on; what is in motion is unsettled, or unknown where it is new; an absence must last.
import { type Entry, sameEntry } from '../../src/core/entry.js';
import { isAtOrBelow, joinPath, parentOf, type RelPath } from '../../src/core/path.js';
import { entryOf, type Snapshot } from '../../src/core/snapshot.js';
import { Differences } from '../../src/disk/scan/diff.js';
import type { ScanResult, ScanScope } from '../../src/replica.js';
import { type Inode, type Seen, type SimDisk, seenOf } from './disk.js';
import type { Process } from './world.js';

const ABSENCE_MS = 25;
const EMPTIED_MS = 50;
const MOVING_MS = 20;
const SOME_FILES = 5;

/** A path in motion: since when, and when to scan again. */
interface Wait {
  readonly since: number;
  readonly due: number;
  readonly absent: boolean;
}

export class SimScanner {
  readonly #disk: SimDisk;
  readonly #process: Process;
  readonly #unreadable: ReadonlySet<string>;
  readonly #scans: (path: RelPath) => void;

  onHint: () => void = () => {};
  onSeen: (path: RelPath, entry: Entry | null) => void = () => {};
  /** What cannot be read at present. */
  readonly differences = new Differences();
  readonly #waiting = new Map<RelPath, Wait>();
  readonly #hints = new Set<RelPath>();
  #everything = true;
  #called = false;
  #told = false;
  #scanning = false;
  readonly #overwritten = new Set<RelPath>();
  #turn: Promise<unknown> = Promise.resolve();
  #deletesAccepted = false;
  #wasEmptied = false;

  constructor(
    readonly snapshot: Snapshot,
    disk: SimDisk,
    process: Process,
    unreadable: ReadonlySet<string>,
    scans: (path: RelPath) => void,
  ) {
    this.#disk = disk;
    this.#process = process;
    this.#unreadable = unreadable;
    this.#scans = scans;
  }

  hint(path: RelPath): void {
    if (!this.#process.alive) return;
    this.#hints.add(path);
    this.#call();
  }

  markDirty(paths: readonly RelPath[]): void {
    for (const path of paths) this.#hints.add(path);
  }

  acceptDeletes(): void {
    this.#deletesAccepted = true;
    this.#everything = true;
  }

  #call(): void {
    if (this.#called) return;
    this.#called = true;
    this.#process.clock.soon(() => this.onHint());
  }

  scan(scope: ScanScope): Promise<ScanResult> {
    const result = this.#turn.then(() => this.#scanNow(scope));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #scanNow(scope: ScanScope): Promise<ScanResult> {
    const { world } = this.#process;
    this.#called = false;
    this.#overwritten.clear();
    await this.#process.step();
    if (world.random.chance(world.weather.failedScan)) throw new Error('EIO');
    const accepted = this.#deletesAccepted;
    this.#deletesAccepted = false;
    if (!accepted && this.snapshot.files >= SOME_FILES && this.#disk.root.children.size === 0) {
      this.#everything = true;
      this.#wasEmptied = true;
      return this.#say([], false, new Set(), { code: 'root-emptied', message: 'The root is empty.' });
    }
    const all = this.#everything || scope === 'everything' || !this.#told;
    const hinted = [...this.#hints];
    this.#hints.clear();
    this.#everything = false;
    this.#scanning = true;
    const survey = new Survey(this.#disk, this.snapshot, this.#process, this.#unreadable, this.#scans);
    if (all) await survey.directory('', true);
    else {
      const now = this.#now();
      for (const [path, { due }] of this.#waiting) if (due <= now) hinted.push(path);
      for (const path of hinted) await survey.visit(path);
    }
    if (all) for (const path of [...this.#waiting.keys()]) if (!survey.seen(path)) this.#waiting.delete(path);
    // As in src/disk/scan: what vanished before the first report is gone, and not reported as still there.
    const again = await this.#commit(survey, accepted || this.#wasEmptied || !this.#told);
    this.#wasEmptied = false;
    this.#scanning = false;
    this.#setAlarm(again);
    const whole = !this.#told;
    this.#told = true;
    const differences = this.differences.take(this.snapshot);
    return this.#say(whole ? this.#all() : differences, whole, again, null);
  }

  #now = (): number => this.#process.world.time;

  async #commit(survey: Survey, accepted: boolean): Promise<Set<RelPath>> {
    const again = new Set<RelPath>();
    const findings = new Map<RelPath, Seen | null>();
    const moved = new Set<number>();
    for (const path of survey.same) this.#waiting.delete(path);
    for (const path of [...survey.changed].sort()) {
      const seen = await this.#judge(path, again);
      if (seen !== null) findings.set(path, seen);
      if (seen !== null) moved.add(seen.ino);
    }
    for (const path of survey.absent) {
      const inode = (this.snapshot.get(path) as { ino?: number } | null)?.ino ?? 0;
      if (accepted || this.#hasLasted(path) || (moved.has(inode) && this.#process.world.random.chance(0.7))) {
        if (this.#disk.at(path) === null) findings.set(path, null);
        else again.add(path);
      }
    }
    // Parents first, and nothing that we wrote meanwhile.
    for (const [path, entry] of findings) {
      const fits = entry === null || this.snapshot.get(parentOf(path))?.type === 'dir';
      if (fits && !this.#concernsOurs(path)) this.#commitOne(path, entry);
      else again.add(path);
    }
    return again;
  }

  /** Reads one file, link or directory; null where it is in motion. */
  async #judge(path: RelPath, again: Set<RelPath>): Promise<Seen | null> {
    const inode = this.#disk.at(path);
    if (inode === null) {
      again.add(path);
      return null;
    }
    const before = seenOf(inode);
    if (inode.type === 'file') {
      if (inode.content === '' && this.#isYoung(path)) return null;
      if (this.#process.world.random.chance(0.2)) await this.#process.step();
      const now = this.#disk.at(path);
      if (now?.ino !== before.ino || now.ctime !== before.ctime) {
        this.#hold(path, this.#now() + MOVING_MS, false);
        return null;
      }
    }
    return before;
  }

  #isYoung(path: RelPath): boolean {
    const since = this.#waiting.get(path)?.since ?? this.#now();
    if (this.#now() - since >= EMPTIED_MS) return false;
    this.#hold(path, since + EMPTIED_MS, false);
    return true;
  }

  #hasLasted(path: RelPath): boolean {
    const wait = this.#waiting.get(path);
    if (wait?.absent && this.#now() - wait.since >= ABSENCE_MS) return true;
    if (!wait?.absent) this.#hold(path, this.#now() + ABSENCE_MS, true);
    return false;
  }

  #hold(path: RelPath, due: number, absent: boolean): void {
    const before = this.#waiting.get(path);
    const since = before?.absent === absent ? before.since : this.#now();
    this.#waiting.set(path, { since, due, absent });
  }

  #commitOne(path: RelPath, entry: Seen | null): void {
    const before = this.snapshot.get(path);
    const isSame = (before?.type === 'dir') === (entry?.type === 'dir') && sameEntry(entryOf(before), entry);
    if (!isSame) this.differences.touch(path, before, entry);
    if (before?.type === 'dir' && entry?.type !== 'dir') this.#releaseBelow(path);
    this.#waiting.delete(path);
    if (before === null && entry === null) return;
    this.snapshot.put(path, entry);
    this.onSeen(path, entry);
  }

  #releaseBelow(path: RelPath): void {
    for (const other of [...this.#waiting.keys()]) if (other.startsWith(`${path}/`)) this.#waiting.delete(other);
  }

  #concernsOurs(path: RelPath): boolean {
    for (const ours of this.#overwritten) if (isAtOrBelow(path, ours) || isAtOrBelow(ours, path)) return true;
    return false;
  }

  #setAlarm(again: ReadonlySet<RelPath>): void {
    for (const path of again) this.#hints.add(path);
    let due = again.size > 0 ? this.#now() + 1 : Number.POSITIVE_INFINITY;
    for (const wait of this.#waiting.values()) due = Math.min(due, wait.due);
    if (due < Number.POSITIVE_INFINITY) this.#process.clock.after(due - this.#now() + 0.1, () => this.#call());
  }

  #say(
    entries: ScanResult['entries'],
    whole: boolean,
    again: ReadonlySet<RelPath>,
    halt: ScanResult['halt'],
  ): ScanResult {
    const unknown = new Set<RelPath>();
    const problems: ScanResult['problems'][number][] = [];
    for (const path of this.#unreadable) {
      if (this.#disk.at(path) === null) continue;
      unknown.add(path as RelPath);
      problems.push({ path, code: 'unreadable', message: `${path} cannot be read.` });
    }
    for (const path of [...this.#waiting.keys(), ...again]) if (this.snapshot.get(path) === null) unknown.add(path);
    const unsettled = halt === null ? this.#waiting.size + again.size : 0;
    const moving = halt === null ? [...new Set([...this.#waiting.keys(), ...again])] : [];
    return { entries, whole, unknown: [...unknown], problems, rules: [], unsettled, moving, halt };
  }

  #all(): ScanResult['entries'] {
    return Array.from(this.snapshot.walk(), ([path, node]) => ({ path, entry: entryOf(node) }));
  }

  /** Our own write: its echo is no change. `reported` goes on being told until the disk says otherwise. */
  wrote(path: RelPath, reported: Entry | null): void {
    if (this.#scanning) this.#overwritten.add(path);
    this.#waiting.delete(path);
    const before = this.snapshot.get(path);
    if (before?.type === 'dir' && reported?.type !== 'dir') this.#releaseBelow(path);
    const inode = this.#disk.at(path);
    const entry = reported === null || inode === null ? reported : { ...reported, ino: inode.ino, ctime: inode.ctime };
    this.snapshot.put(path, entry);
    this.onSeen(path, entry);
  }

  stillIs(path: RelPath, entry: Entry | null): boolean {
    const inode = this.#disk.at(path);
    if (inode === null || entry === null) return inode === null && entry === null;
    if (inode.type !== entry.type) return false;
    if (entry.type === 'dir') return entry.mode === inode.mode;
    if (entry.type === 'symlink') return inode.content === entry.target;
    const seen = seenOf(inode);
    return seen.type === 'file' && seen.hash === entry.hash;
  }
}

/** The first step of a scan: where the disk differs from what was last seen. */
class Survey {
  readonly #disk: SimDisk;
  readonly #snapshot: Snapshot;
  readonly #process: Process;
  readonly #unreadable: ReadonlySet<string>;
  readonly #scans: (path: RelPath) => void;

  readonly changed = new Set<RelPath>();
  readonly absent = new Set<RelPath>();
  readonly same = new Set<RelPath>();

  constructor(
    disk: SimDisk,
    snapshot: Snapshot,
    process: Process,
    unreadable: ReadonlySet<string>,
    scans: (path: RelPath) => void,
  ) {
    this.#disk = disk;
    this.#snapshot = snapshot;
    this.#process = process;
    this.#unreadable = unreadable;
    this.#scans = scans;
  }

  seen(path: RelPath): boolean {
    return this.changed.has(path) || this.absent.has(path);
  }

  /** Looks at one path, or at the highest directory above it that is not what it was. */
  async visit(path: RelPath): Promise<void> {
    let at = '';
    for (const name of path.split('/')) {
      at = joinPath(at as RelPath | '', name);
      if (this.#unreadable.has(at) && this.#disk.at(at) !== null) return;
      const known = this.#snapshot.get(at as RelPath);
      const inode = this.#disk.at(at);
      if (known?.type !== 'dir' || inode?.type !== 'dir' || inode.ino !== (known as { ino?: number }).ino) break;
    }
    await this.#compare(at as RelPath, this.#disk.at(at));
    // It went with what is above it: nothing of it is in motion any more.
    if (at !== path && this.#disk.at(path) === null && this.#snapshot.get(path) === null) this.same.add(path);
  }

  async directory(path: RelPath | '', deep: boolean): Promise<void> {
    const dir = this.#disk.at(path);
    if (dir?.type !== 'dir') return;
    const names = [...dir.children.keys()];
    const known = this.#snapshot.get(path);
    if (known?.type === 'dir') {
      for (const name of known.children.keys()) {
        if (!dir.children.has(name)) {
          this.#clean(joinPath(path, name));
          this.absent.add(joinPath(path, name));
        }
      }
    }
    if (this.#process.world.random.chance(0.3)) await this.#process.step();
    for (const name of names) {
      const child = this.#disk.at(joinPath(path, name));
      if (child !== null) await this.#compare(joinPath(path, name), child, deep);
    }
  }

  async #compare(path: RelPath, inode: Inode | null, deep = false): Promise<void> {
    if (inode !== null && this.#unreadable.has(path)) return;
    this.#clean(path);
    const known = this.#snapshot.get(path) as (Seen & { children?: unknown }) | null;
    if (inode === null) {
      if (known !== null) this.absent.add(path);
      else this.same.add(path);
      return;
    }
    if (known !== null && known.ino === inode.ino && known.ctime === inode.ctime) this.same.add(path);
    else this.changed.add(path);
    if (inode.type === 'dir' && (deep || known === null || known.ino !== inode.ino)) await this.directory(path, true);
  }

  /** What users do from here on is not seen by this scan. */
  #clean(path: RelPath): void {
    this.#scans(path);
  }
}

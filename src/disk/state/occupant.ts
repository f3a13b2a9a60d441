// Which server has a root: one at any time, named in .lockstep/server.json with what tells a living process from a dead one.
import fs from 'node:fs';
import os from 'node:os';
import { SyncError } from '../../core/errors.js';
import { refusesLinks } from '../../core/system-error.js';
import { inItsDirectory } from '../fs/whole-file.js';

/** The end of a server that did not let go of its root. */
export interface Crash {
  /** Whether the whole machine went down with it, and with it whatever was not on the disk yet. */
  readonly ofMachine: boolean;
}

/** A root that was taken. */
export interface Occupancy {
  /** How the last server ended that had the root; null where it let go of it properly. */
  readonly crash: Crash | null;
  /**
   * Says once more whose the root is, where the file that says so is gone or damaged.
   * @returns whether that was so.
   * @throws SyncError `usage` where another server has taken the root.
   */
  check(): boolean;
  /** Lets another server have the root. */
  release(): void;
}

interface Occupant {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process, so that another process with a recycled id is not taken for it; '' where unknown. */
  readonly started: string;
  /** Which run of the machine; '' where unknown. */
  readonly boot: string;
}

/** Takes the root by creating `file`; a file left behind by a dead process is taken over. */
export function occupy(file: string, root: string): Occupancy {
  const crash = inItsDirectory(file, (spelled) => claimRoot(spelled, file, root));
  return {
    crash,
    check: () => inItsDirectory(file, (spelled) => holdOn(spelled, file, root)),
    release: () => letGo(file),
  };
}

function claimRoot(file: string, shown: string, root: string): Crash | null {
  const self = ourselves();
  let crash: Crash | null = null;
  const claim = `${file}.${process.pid}`;
  writeClaim(claim, self);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(claim, file)) return crash;
      const occupant = readOccupant(file);
      if (occupant !== null && isAlive(occupant)) throw occupied(root, shown, occupant);
      crash = { ofMachine: occupant === null || occupant.boot === '' || occupant.boot !== self.boot };
      evict(file, claim);
    }
  } finally {
    fs.rmSync(claim, { force: true });
  }
  throw new SyncError('usage', `Another server is just starting on ${root}.`, { hint: 'One server a directory.' });
}

function holdOn(file: string, shown: string, root: string): boolean {
  const self = ourselves();
  const occupant = readOccupant(file);
  if (occupant !== null && isSelf(occupant, self)) return false;
  if (occupant !== null && isAlive(occupant)) throw occupied(root, shown, occupant);
  const claim = `${file}.${process.pid}`;
  writeClaim(claim, self);
  try {
    if (!linked(claim, file)) fs.renameSync(claim, file);
  } finally {
    fs.rmSync(claim, { force: true });
  }
  return true;
}

/** Never into what somebody has put there. */
function writeClaim(claim: string, self: Occupant): void {
  fs.rmSync(claim, { force: true });
  fs.writeFileSync(claim, JSON.stringify(self), { flag: 'wx', flush: true });
}

const ourselves = (): Occupant => ({
  pid: process.pid,
  host: os.hostname(),
  started: startOf(process.pid),
  boot: thisBoot(),
});

const isSelf = (occupant: Occupant, self: Occupant): boolean =>
  occupant.pid === self.pid && occupant.host === self.host && occupant.started === self.started;

/** By now the name may lead to another root, which another server has. */
function letGo(file: string): void {
  const occupant = readOccupant(file);
  if (occupant === null || !isSelf(occupant, ourselves())) return;
  inItsDirectory(file, (spelled) => fs.rmSync(spelled, { force: true }));
}

/** Removes the file of a dead process, unless another server has just done so and put its own there. */
function evict(file: string, claim: string): void {
  const aside = `${claim}.old`;
  try {
    fs.renameSync(file, aside);
    const occupant = readOccupant(aside);
    if (occupant !== null && isAlive(occupant)) linked(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/** @returns whether `file` is now ours: a link appears whole or not at all, and never over another. */
function linked(claim: string, file: string): boolean {
  try {
    fs.linkSync(claim, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if (refusesLinks(error)) return written(fs.readFileSync(claim), file);
    throw error;
  }
}

/**
 * As `linked`, where there are no second names. Who finds the file before all of it is written takes it for one of a dead
 * process, and removes it: then it is not there afterwards. Who removes it later finds whose it is, and puts it back.
 */
function written(claim: Buffer, file: string): boolean {
  try {
    fs.writeFileSync(file, claim, { flag: 'wx', flush: true });
    return fs.readFileSync(file).equals(claim);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

function readOccupant(file: string): Occupant | null {
  try {
    const { pid, host, started, boot = '' } = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Occupant>;
    if (!Number.isSafeInteger(pid)) return null;
    return { pid: pid as number, host: String(host), started: String(started), boot: String(boot) };
  } catch {
    return null;
  }
}

function isAlive({ pid, host, started }: Occupant): boolean {
  if (host !== os.hostname()) return true;
  if (pid === process.pid) return started === startOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return started === '' || started === startOf(pid);
}

/** @returns what /proc says of the start of process `pid`; 'over' for one that only waits to be reaped; '' without /proc. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'over' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** @returns what /proc says of this run of the machine; '' where there is no /proc. */
export function thisBoot(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

function occupied(root: string, file: string, { pid, host }: Occupant): SyncError {
  const elsewhere = host === os.hostname() ? '' : ` on ${host}`;
  return new SyncError('usage', `Another server (process ${pid}${elsewhere}) already serves ${root}.`, {
    hint:
      elsewhere === ''
        ? 'Stop it first, or name another directory with --dir.'
        : `If it is surely gone, delete ${file}.`,
  });
}

// The server that has a root: one at any time. It is named in .lockstep/server.json, with the start time of its process
// and of the machine, so that a dead process is recognised even if its id is in use again.
import fs from 'node:fs';
import os from 'node:os';
import * as v from 'valibot';
import { SyncError } from '../../core/errors.js';
import { refusesLinks } from '../../core/system-error.js';
import { areFlushed } from '../fs/flush.js';
import { inItsDirectory } from '../fs/whole-file.js';

/** The end of a server that did not release its root. */
export interface Crash {
  /** Whether the machine went down as well, so that data that was not flushed is lost. */
  readonly ofMachine: boolean;
}

/** A root that this process has. */
export interface Occupancy {
  /** How the last server of the root ended; null where it released the root. */
  readonly crash: Crash | null;
  /**
   * Writes `server.json` again where it is gone or damaged.
   * @returns whether it was.
   * @throws SyncError `usage` where another server has taken the root.
   */
  check(): boolean;
  /** Gives the root up for another server. */
  release(): void;
}

interface Occupant {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process, because process ids are reused; '' where unknown. */
  readonly started: string;
  /** The boot id of the machine; '' where unknown. */
  readonly boot: string;
  /** Whether it ends by itself when its caller is gone. */
  readonly ofCaller?: boolean;
}

/**
 * Takes the root by creating `file`; replaces a file that a dead process left.
 * @param ofCaller whether this process ends by itself when its caller is gone.
 * @throws SyncError `usage` where another server has the root.
 */
export function occupy(file: string, root: string, ofCaller = false): Occupancy {
  const self = thisProcess(ofCaller);
  const crash = inItsDirectory(file, (spelled) => claimRoot(spelled, file, root, self));
  return {
    crash,
    check: () => inItsDirectory(file, (spelled) => renew(spelled, file, root, self)),
    release: () => release(file),
  };
}

function claimRoot(file: string, shown: string, root: string, self: Occupant): Crash | null {
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

function renew(file: string, shown: string, root: string, self: Occupant): boolean {
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

/** Creates a new file, so that the data never goes into an existing file or link. */
function writeClaim(claim: string, self: Occupant): void {
  fs.rmSync(claim, { force: true });
  fs.writeFileSync(claim, JSON.stringify(self), { flag: 'wx', flush: areFlushed() });
}

const thisProcess = (ofCaller = false): Occupant => ({
  pid: process.pid,
  host: os.hostname(),
  started: startOf(process.pid),
  boot: thisBoot(),
  ...(ofCaller ? { ofCaller } : {}),
});

const isSelf = (occupant: Occupant, self: Occupant): boolean =>
  occupant.pid === self.pid && occupant.host === self.host && occupant.started === self.started;

/** Removes the file if it names this process: the path may meanwhile lead to another root that another server has. */
function release(file: string): void {
  const occupant = readOccupant(file);
  if (occupant === null || !isSelf(occupant, thisProcess())) return;
  inItsDirectory(file, (spelled) => fs.rmSync(spelled, { force: true }));
}

/** Removes the file of a dead process. RACE: another server may just have replaced it; then its file is put back. */
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

/**
 * Links `claim` to `file`: a link appears completely or not at all, and never replaces a file. @returns whether it did.
 */
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
 * As `linked`, for file systems without hard links. RACE: another server that reads the file before it is complete
 * takes it for one of a dead process and removes it; then it is gone when it is read back here. One that removes it
 * later finds that its process is alive, and puts it back.
 */
function written(claim: Buffer, file: string): boolean {
  try {
    fs.writeFileSync(file, claim, { flag: 'wx', flush: areFlushed() });
    return fs.readFileSync(file).equals(claim);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

const textOrNone = v.fallback(v.string(), '');
const schema = v.object({
  pid: v.pipe(v.number(), v.safeInteger()),
  host: textOrNone,
  started: textOrNone,
  boot: textOrNone,
  ofCaller: v.fallback(v.optional(v.boolean(), false), false),
}) satisfies v.GenericSchema<unknown, Occupant>;

/** @returns null where the file is gone or names no process. */
function readOccupant(file: string): Occupant | null {
  try {
    return v.parse(schema, JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** The process that a file names. */
export interface NamedOccupant {
  readonly pid: number;
  readonly host: string;
  /** Whether it runs, as far as this machine can know. */
  readonly isAlive: boolean;
  /** Whether it ends by itself when its caller is gone. */
  readonly ofCaller: boolean;
}

/** @returns the process that `file` names; null where it names none. */
export function occupantIn(file: string): NamedOccupant | null {
  const occupant = readOccupant(file);
  if (occupant === null) return null;
  const { pid, host, ofCaller = false } = occupant;
  return { pid, host, ofCaller, isAlive: isAlive(occupant) };
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

/** @returns the start time of process `pid` from /proc; 'over' for a zombie; '' without /proc. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'over' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** @returns the boot id of the machine from /proc; '' without /proc. */
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

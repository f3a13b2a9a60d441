// ROOT/.lockstep: all of Lockstep's own state of a root, and nothing of it elsewhere. It says what it is to whoever
// finds it, which root this is, and which server has it now: one server a root, at any time.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { STATE_DIR } from '../core/path.js';
import { systemTrouble } from '../core/system-error.js';
import { type Logger, silent } from '../log.js';
import { identityFile, isCopied, makeIdentity, openIdentity } from './identity.js';
import { isPart, tidyPartials } from './partials.js';

const README = `This directory belongs to Lockstep, which keeps the directory around it identical to another one.

held/      changes of locked files, waiting for the unlock: whole files, in the order they came
versions/  earlier contents: whatever was overwritten or deleted, under its old path with the time in its name
staging/   contents on their way; what is left in it after a restart only spares sending it again
*.log      what was last known of every file

You may copy files out of held/ and versions/. To start anew, stop the servers and delete the whole directory: nothing
outside it is touched, and the next start compares the two sides afresh.
`;

/** What follows from damage, in words. */
export const ANEW = 'Nothing is deleted; both sides are compared anew.';

/** The open state directory of a root. */
export interface StateDirectory {
  readonly path: string;
  /** Made once for each root; another id means another root, whatever its name. */
  readonly id: string;
  /** Whether the root had no id before. */
  readonly isNew: boolean;
  /** How the last server ended that had the root; null where it let go of it properly. */
  readonly crash: Crash | null;
  readonly staging: string;
  readonly held: string;
  readonly versions: string;
  /** Gives the root another id: too much was lost of what was known of it. */
  renew(): void;
  /** Lets another server have the root. */
  release(): void;
}

/** The end of a server that did not let go of its root. */
export interface Crash {
  /** Whether the whole machine went down with it, and with it whatever was not on the disk yet. */
  readonly ofMachine: boolean;
}

/**
 * Makes or opens ROOT/.lockstep and takes the root for this process.
 * @param root absolute path of the root.
 * @param log told of what was damaged.
 * @throws SyncError `usage` where another server has the root, or the directory cannot be written.
 */
export function openStateDirectory(root: string, log: Logger = silent): StateDirectory {
  const directory = path.join(root, STATE_DIR);
  const inside = (name: string) => path.join(directory, name);
  try {
    for (const name of ['', 'staging', 'held', 'versions']) makeRealDirectory(inside(name));
    if (!fs.existsSync(inside('README.txt'))) fs.writeFileSync(inside('README.txt'), README);
  } catch (cause) {
    throw new SyncError('usage', `The directory ${root} cannot be written: ${systemTrouble(cause).why}.`, {
      hint: 'Lockstep keeps its state in it; give yourself write permission, or name another with --dir.',
      cause,
    });
  }
  const { crash, release } = occupy(inside('server.json'), root);
  emptyStaging(inside('staging'));
  const file = identityFile(root);
  let known = openIdentity(file, (aside) => {
    log.warn(`The identity of ${root} was damaged and is set aside as ${aside}. ${ANEW}`);
  });
  if (known !== null && isCopied(file, root)) {
    log.warn(`${root} is a copy of the directory that was synchronised, or was put back from one. ${ANEW}`);
    known = null;
  }
  let id = known ?? makeIdentity(file, root);
  return {
    path: directory,
    get id() {
      return id;
    },
    isNew: known === null,
    crash,
    renew: () => {
      id = makeIdentity(file, root);
    },
    staging: inside('staging'),
    held: inside('held'),
    versions: inside('versions'),
    release,
  };
}

/** A link is no place for our state, and what it leads to is not ours to empty. */
function makeRealDirectory(directory: string): void {
  if (fs.lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()) fs.unlinkSync(directory);
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** Nothing is left in it but what spares sending large contents again. */
function emptyStaging(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (!isPart(name)) fs.rmSync(path.join(directory, name), { recursive: true, force: true });
  }
  tidyPartials(directory, Date.now());
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
function occupy(file: string, root: string): Pick<StateDirectory, 'crash' | 'release'> {
  const self: Occupant = { pid: process.pid, host: os.hostname(), started: startOf(process.pid), boot: thisBoot() };
  let crash: Crash | null = null;
  const claim = `${file}.${process.pid}`;
  fs.writeFileSync(claim, JSON.stringify(self));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(claim, file)) return { crash, release: () => letGo(file, self) };
      const occupant = readOccupant(file);
      if (occupant !== null && isAlive(occupant)) throw occupied(root, file, occupant);
      crash = { ofMachine: occupant === null || occupant.boot === '' || occupant.boot !== self.boot };
      evict(file, claim);
    }
  } finally {
    fs.rmSync(claim, { force: true });
  }
  throw new SyncError('usage', `Another server is just starting on ${root}.`, { hint: 'One server a directory.' });
}

/** By now the name may lead to another root, which another server has. */
function letGo(file: string, self: Occupant): void {
  const occupant = readOccupant(file);
  if (occupant?.pid === self.pid && occupant.started === self.started) fs.rmSync(file, { force: true });
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
function thisBoot(): string {
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

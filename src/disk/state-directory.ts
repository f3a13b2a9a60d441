// ROOT/.lockstep: all of Lockstep's own state of a root, and nothing of it elsewhere. It says what it is to whoever
// finds it, which root this is, and which server has it now: one server a root, at any time.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { STATE_DIR } from '../core/path.js';

const FORMAT = 1;

const README = `This directory belongs to Lockstep, which keeps the directory around it identical to another one.

held/      changes of locked files, waiting for the unlock: whole files, in the order they came
versions/  earlier contents: whatever was overwritten or deleted, under its old path with the time in its name
staging/   contents on their way; nothing in it is needed after a restart
*.log      what was last known of every file

You may copy files out of held/ and versions/. To start anew, stop the servers and delete the whole directory: nothing
outside it is touched, and the next start compares the two sides afresh.
`;

/** The open state directory of a root. */
export interface StateDirectory {
  readonly path: string;
  /** Made once for each root; another id means another root, whatever its name. */
  readonly id: string;
  readonly staging: string;
  readonly held: string;
  readonly versions: string;
  /** Lets another server have the root. */
  release(): void;
}

/**
 * Makes or opens ROOT/.lockstep and takes the root for this process.
 * @param root absolute path of the root.
 * @throws SyncError `usage` where another server has the root, or the directory cannot be written.
 */
export function openStateDirectory(root: string): StateDirectory {
  const directory = path.join(root, STATE_DIR);
  const inside = (name: string) => path.join(directory, name);
  try {
    for (const name of ['', 'staging', 'held', 'versions']) makeRealDirectory(inside(name));
    if (!fs.existsSync(inside('README.txt'))) fs.writeFileSync(inside('README.txt'), README);
  } catch (cause) {
    throw new SyncError('usage', `The directory ${root} cannot be written: ${(cause as Error).message}.`, {
      hint: 'Lockstep keeps its state in it; give yourself write permission, or name another with --dir.',
      cause,
    });
  }
  const release = occupy(inside('server.json'), root);
  emptyStaging(inside('staging'));
  return {
    path: directory,
    id: readIdentity(inside('identity.json')),
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

function readIdentity(file: string): string {
  try {
    const { format, id } = JSON.parse(fs.readFileSync(file, 'utf8')) as { format: unknown; id: unknown };
    if (format === FORMAT && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)) return id;
    fs.renameSync(file, `${file}.damaged-${Date.now()}`);
  } catch (error) {
    if (fs.existsSync(file)) fs.renameSync(file, `${file}.damaged-${Date.now()}`);
    else if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const id = randomUUID();
  const temporary = `${file}.new`;
  fs.writeFileSync(temporary, `${JSON.stringify({ format: FORMAT, id, created: new Date().toISOString() })}\n`, {
    flush: true,
  });
  fs.renameSync(temporary, file);
  return id;
}

function emptyStaging(directory: string): void {
  for (const name of fs.readdirSync(directory)) fs.rmSync(path.join(directory, name), { recursive: true, force: true });
}

interface Occupant {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process, so that another process with a recycled id is not taken for it; '' where unknown. */
  readonly started: string;
}

/** Takes the root by creating `file`; a file left behind by a dead process is taken over. */
function occupy(file: string, root: string): () => void {
  const self: Occupant = { pid: process.pid, host: os.hostname(), started: startOf(process.pid) };
  const claim = `${file}.${process.pid}`;
  fs.writeFileSync(claim, JSON.stringify(self));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(claim, file)) return () => fs.rmSync(file, { force: true });
      const occupant = readOccupant(file);
      if (occupant !== null && isAlive(occupant)) throw occupied(root, file, occupant);
      evict(file, claim);
    }
  } finally {
    fs.rmSync(claim, { force: true });
  }
  throw new SyncError('usage', `Another server is just starting on ${root}.`, { hint: 'One server a directory.' });
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
    const { pid, host, started } = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Occupant>;
    return Number.isSafeInteger(pid) ? { pid: pid as number, host: String(host), started: String(started) } : null;
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

/** @returns what /proc says of the start of process `pid`; '' where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
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

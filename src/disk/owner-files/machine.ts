// What this machine knows about itself that tells whether an owner file is stale: its name, when it was started, and
// which processes run.
import fs from 'node:fs';
import os from 'node:os';
import type { OpenDocuments } from '../../replica.js';

/** The machine that this server runs on. */
export interface Machine {
  readonly host: string;
  /** The login name of the user whose server this is. */
  readonly user: string;
  /** When the machine was started, milliseconds since 1970. */
  readonly bootMs: () => number;
  /** @returns whether the process `pid` runs and can have made what is `madeMs` (since 1970) old. */
  readonly isAlive: (pid: number, madeMs: number) => boolean;
  /** @returns whether the process `pid` has the file open, as far as this user may know it. */
  readonly hasOpen: (pid: number, absolute: string) => boolean;
  /** @returns the processes of the program `app`; none where that cannot be known. */
  readonly processesOf: (app: string) => Promise<readonly number[]>;
}

/** The names of the processes of programs whose owner files name no process. */
const PROCESSES: Readonly<Record<string, readonly string[]>> = {
  LibreOffice: ['soffice.bin'],
  KiCad: ['kicad', 'pcbnew', 'eeschema'],
};

/** A process counts as later than a file only if it was started so much later, in milliseconds. */
const START_SLACK_MS = 2_000;
/** The unit of process times in /proc, as every Linux has it. */
const TICKS_PER_SECOND = 100;

const bootMs = (): number => Date.now() - os.uptime() * 1000;

export const thisMachine: Machine = {
  host: os.hostname(),
  user: userName(),
  bootMs,
  isAlive: (pid, madeMs) => isRunning(pid) && (startedMs(pid) ?? 0) <= madeMs + START_SLACK_MS,
  hasOpen,
  processesOf,
};

/** A container can run under a user id that has no name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return 'unknown';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @returns when the process was started, milliseconds since 1970; null where that is not known. */
function startedMs(pid: number): number | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in brackets, may contain anything.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? bootMs() + (ticks * 1000) / TICKS_PER_SECOND : null;
  } catch {
    return null;
  }
}

function hasOpen(pid: number, absolute: string): boolean {
  const isIt = (fd: string): boolean => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === absolute;
    } catch {
      return false; // it was closed meanwhile
    }
  };
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some(isIt);
  } catch {
    return false; // it has ended, or is another user's
  }
}

async function processesOf(app: string): Promise<readonly number[]> {
  const names = PROCESSES[app];
  if (names === undefined || process.platform !== 'linux') return [];
  const found: number[] = [];
  for (const entry of await fs.promises.readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const name = await fs.promises.readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '');
    if (names.includes(name.trim())) found.push(Number(entry));
  }
  return found;
}

/** All processes are read to find those of one program: once for all owner files of a directory. */
export function onceFor(processesOf: Machine['processesOf']): Machine['processesOf'] {
  const asked = new Map<string, ReturnType<Machine['processesOf']>>();
  return (app) => {
    const found = asked.get(app) ?? processesOf(app);
    asked.set(app, found);
    return found;
  };
}

/** @returns the account of the server, as `user@host`. */
export const accountOf = ({ user, host }: Pick<Machine, 'user' | 'host'>): string => `${user}@${host}`;

/** What a side tells that does not look for open documents: the locks that it had end. */
export const nothingOpen = (): OpenDocuments => ({ account: accountOf(thisMachine), documents: [] });

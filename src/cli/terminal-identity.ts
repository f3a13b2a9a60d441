// Identifies this terminal, so that an index refers to the listing that was shown on it. Names of pseudo-terminals are
// reused, so the identity contains the session leader's pid and start time.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * @param stat reads `/proc/PID/stat` on Linux; null where there is none.
 * @returns a text that is the same during this terminal session; null without a terminal.
 */
export function terminalIdentity(stat = readStat): string | null {
  return process.platform === 'linux' ? identityOnLinux(stat) : identityByPs();
}

/** @returns the terminal, the session, and the start time of the session. */
function identityOnLinux(stat: (pid: string) => string | null): string | null {
  const own = fieldsOf(stat('self'));
  if (own === null) return null;
  const session = own[3]!;
  const terminal = own[4]!;
  if (terminal === '0') return null;
  const began = fieldsOf(stat(session))?.[19] ?? 'gone';
  return `${terminal} ${session} ${began}`;
}

/**
 * The fields after the program's name, which is in brackets and may contain anything: state, ppid, pgrp, session, tty,
 * …
 */
function fieldsOf(stat: string | null): string[] | null {
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.length > 19 ? fields : null;
}

function readStat(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null; // the session's leader has ended, or its number is of another namespace
  }
}

/** On other systems: the terminal's name, and the start time of the shell that started this program. */
function identityByPs(): string | null {
  const terminal = ps('tty=', process.pid);
  if (terminal === '' || terminal.startsWith('?')) return null;
  return `${terminal} ${process.ppid} ${ps('lstart=', process.ppid)}`;
}

function ps(column: string, pid: number): string {
  const { stdout } = spawnSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', timeout: 2000 });
  return (stdout ?? '').trim();
}

// Which terminal this is, so that a number means what was last shown on it. A pseudo-terminal's name is used again and
// again, so the session counts too, by its leader's number and start time.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @returns a text that stays the same for as long as this terminal session lasts, or null without a terminal. */
export function terminalIdentity(): string | null {
  return process.platform === 'linux' ? identityOnLinux(readStat) : identityByPs();
}

/**
 * @param stat reads `/proc/PID/stat`; null where there is none.
 * @returns terminal, session, and when the session began.
 */
export function identityOnLinux(stat: (pid: string) => string | null): string | null {
  const own = fieldsOf(stat('self'));
  if (own === null) return null;
  const session = own[3]!;
  const terminal = own[4]!;
  if (terminal === '0') return null;
  const began = fieldsOf(stat(session))?.[19] ?? 'gone';
  return `${terminal} ${session} ${began}`;
}

/** The fields after the program's name, which is in brackets and may hold anything: state, ppid, pgrp, session, tty, … */
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

/** Elsewhere: the terminal's name, and when the shell that started this program began. */
function identityByPs(): string | null {
  const terminal = ps('tty=', process.pid);
  if (terminal === '' || terminal.startsWith('?')) return null;
  return `${terminal} ${process.ppid} ${ps('lstart=', process.ppid)}`;
}

function ps(column: string, pid: number): string {
  const { stdout } = spawnSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', timeout: 2000 });
  return (stdout ?? '').trim();
}

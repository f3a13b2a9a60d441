// The state directory of a root: whose it is, whether it is whole, and which server has it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { quote, STATE_DIR } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { countText } from '../../core/size-text.js';
import { systemTrouble } from '../../core/system-error.js';
import { inspectState } from '../../disk/state/inspect.js';
import { type Finding, ok, warn, wrong } from './finding.js';

/** What was found, and the server's process; null where none runs on this machine. */
interface StateFindings {
  readonly findings: readonly Finding[];
  readonly server: number | null;
}

/** @param dir absolute path of a root. */
export function stateFindings(dir: string): StateFindings {
  const shown = quote(path.join(dir, STATE_DIR));
  try {
    const state = inspectState(dir);
    if (state === null)
      return { findings: [ok('state', `${quote(dir)} has not been synchronised yet.`)], server: null };
    const { occupant } = state;
    const isHere = occupant?.isAlive === true && occupant.host === os.hostname();
    const findings = [...ownerFindings(state), ...damageFindings(state, shown), servedFinding(dir, occupant)];
    return { findings, server: isHere ? occupant.pid : null };
  } catch (error) {
    const hint = `See whose it is with: ls -ld ${shellWord(path.join(dir, STATE_DIR))}`;
    return { findings: [wrong('state', `${shown} cannot be read: ${systemTrouble(error).why}.`, hint)], server: null };
  }
}

type State = NonNullable<ReturnType<typeof inspectState>>;

function ownerFindings({ path: directory, uid, mode }: State): Finding[] {
  const findings: Finding[] = [];
  const own = process.getuid?.() ?? uid;
  if (uid !== own && own !== 0)
    findings.push(
      warn(
        'state',
        `${quote(directory)} belongs to another user (${uid}): a server of yours cannot take it.`,
        `Run the server as that user, or take it over with: sudo chown -R ${own} ${shellWord(directory)}`,
      ),
    );
  if ((mode & 0o022) !== 0)
    findings.push(
      wrong(
        'state',
        `Others can write to ${quote(directory)} (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
        `Make it yours alone with: chmod 700 ${shellWord(directory)}`,
      ),
    );
  return findings;
}

function damageFindings({ path: directory, damage, setAside }: State, shown: string): Finding[] {
  const next =
    'Look at the disk (dmesg), then start the server: it sets the file aside, compares both sides anew and deletes nothing.';
  const findings = damage.map((message) => wrong('state', message, next));
  if (setAside.length > 0)
    findings.push(
      warn(
        'state',
        `${countText(setAside.length, 'file')} in ${shown} had been found damaged and set aside.`,
        `Delete what is of no use to you: ls ${shellWord(directory)}`,
      ),
    );
  return findings.length > 0 ? findings : [ok('state', `${shown} is whole.`)];
}

function servedFinding(dir: string, occupant: State['occupant']): Finding {
  if (occupant === null) return ok('server', `No server runs on ${quote(dir)}.`);
  const { pid, host, isAlive } = occupant;
  if (host !== os.hostname()) {
    const file = path.join(dir, STATE_DIR, 'server.json');
    return warn(
      'server',
      `${quote(dir)} is served by process ${pid} on ${host}, as it says.`,
      `If that is surely gone, delete ${file}.`,
    );
  }
  if (!isAlive) return ok('server', `No server runs on ${quote(dir)}; the last one (process ${pid}) was killed.`);
  return ok('server', `Process ${pid} serves ${quote(dir)}.`);
}

/** @returns a finding where something in the state directory was written after now: a clock was set back. */
export function clockFinding(dir: string, now: number, slackMs: number): Finding[] {
  const file = path.join(dir, STATE_DIR, 'watermarks');
  const written = writtenAt(file);
  if (written <= now + slackMs) return [];
  const message = `The clock of this machine is behind: Lockstep wrote ${quote(file)} ${Math.round((written - now) / 1000)} s later than now.`;
  return [wrong('clock', message, 'Set it with: sudo timedatectl set-ntp true')];
}

/** @returns 0 where that cannot be known: what keeps the directory from being read is a finding of its own. */
function writtenAt(file: string): number {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

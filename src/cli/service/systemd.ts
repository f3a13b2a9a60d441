// systemd as a supervisor: units of the user, or of the system for root.
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import type { Env } from '../context.js';
import type { Kept, LogWish, ServiceState, Supervisor } from './kept.js';
import { done, lastLine, shown, tried } from './tool.js';
import { unitName, unitText } from './unit.js';

const SYSTEM_UNITS = '/etc/systemd/system';
const SHOWN = ['LoadState', 'ActiveState', 'MainPID', 'ExecMainStatus', 'UnitFileState'] as const;
type Facts = Partial<Record<(typeof SHOWN)[number], string>>;

/** @param isSystem whether it is root's, whose units begin with the machine. */
export function systemd(env: Env, isSystem: boolean): Supervisor {
  const scope = isSystem ? [] : ['--user'];
  const systemctl = (...words: string[]): Promise<string> => done('systemctl', [...scope, ...words]);
  const journal = (pair: string, ...words: string[]): string[] => [
    ...[...scope, '--unit', unitName(pair), '--output', 'cat', '--no-pager'],
    ...words,
  ];
  return {
    called: isSystem ? 'systemd' : 'systemd of this user',
    fileOf: (pair) => path.join(isSystem ? SYSTEM_UNITS : userUnits(env), unitName(pair)),
    textOf: (kept: Kept) => unitText(kept),
    check: () => reachable(scope, isSystem),
    enable: async (pair) => {
      await systemctl('daemon-reload');
      await systemctl('enable', unitName(pair));
    },
    start: async (pair) => {
      await tried('systemctl', [...scope, 'reset-failed', unitName(pair)]);
      await systemctl('start', unitName(pair));
    },
    stop: async (pair) => void (await systemctl('stop', unitName(pair))),
    state: async (pair) => {
      const properties = SHOWN.map((name) => `--property=${name}`);
      return stateOf(await systemctl('show', ...properties, unitName(pair)));
    },
    logs: (pair, { lines, follow }: LogWish) =>
      shown('journalctl', journal(pair, '--lines', String(lines), ...(follow ? ['--follow'] : []))),
    lastWords: async (pair) => {
      const ran = await tried('journalctl', journal(pair, '--lines', '40'));
      return lastSaid(ran?.stdout ?? '');
    },
    disable: async (pair) => void (await systemctl('disable', '--now', unitName(pair))),
    forget: async (pair) => {
      await systemctl('daemon-reload');
      await tried('systemctl', [...scope, 'reset-failed', unitName(pair)]);
    },
    note: () => (isSystem ? Promise.resolve('') : lingerNote()),
  };
}

const userUnits = (env: Env): string =>
  path.join(env.XDG_CONFIG_HOME || path.join(env.HOME || os.homedir(), '.config'), 'systemd', 'user');

/** @throws SyncError `failed` where systemd does not answer here. */
async function reachable(scope: readonly string[], isSystem: boolean): Promise<void> {
  const ran = await tried('systemctl', [...scope, 'show', '--property=Version']);
  if (ran?.code === 0) return;
  const why = ran === null ? 'there is no program systemctl' : lastLine(ran.stderr || ran.stdout);
  throw new SyncError('failed', `systemd cannot be asked to keep a pair here: ${why}.`, {
    hint: isSystem || ran === null ? WITHOUT_SYSTEMD : WITHOUT_SESSION,
  });
}

const WITHOUT_SYSTEMD =
  'Where something else keeps programs running (a container, cron with @reboot), have it run "lockstep up NAME"; ' +
  '"lockstep service install NAME --print" shows the unit.';
const WITHOUT_SESSION =
  'Log in as the user itself (su and sudo bring no session), or run as root for a service of the machine; ' +
  '"lockstep service install NAME --print" shows the unit.';

/** @param text lines `Name=value`, as `systemctl show` prints them. */
function stateOf(text: string): ServiceState {
  const facts = Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2))) as Facts;
  const active = facts.ActiveState ?? '';
  return {
    isInstalled: facts.LoadState === 'loaded',
    state:
      active === 'active' || active === 'deactivating' || active === 'reloading'
        ? 'running'
        : active === 'activating'
          ? 'starting'
          : active === 'failed'
            ? 'failed'
            : 'stopped',
    pid: Number(facts.MainPID) || 0,
    exitCode: /^\d+$/.test(facts.ExecMainStatus ?? '') ? Number(facts.ExecMainStatus) : null,
    isEnabled: facts.UnitFileState === 'enabled',
  };
}

/** What systemd itself writes about a unit. */
const OF_SYSTEMD =
  /^(lockstep-\S+\.service: |Start(ed|ing) |Stopp(ed|ing) |Failed to start |Scheduled restart|Consumed )/;

function lastSaid(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return lines.filter((line) => !OF_SYSTEMD.test(line)).at(-1) ?? lines.at(-1) ?? '';
}

/** Without lingering the services of a user end with the last session. */
async function lingerNote(): Promise<string> {
  const ran = await tried('loginctl', ['show-user', os.userInfo().username, '--property=Linger']);
  if (ran?.stdout.trim() === 'Linger=yes') return '';
  return (
    'It begins when you log in and ends when you log out. To have it run from the start of the machine, whether you are ' +
    'logged in or not: loginctl enable-linger'
  );
}

// launchd as a supervisor: an agent of the user, or a daemon for root.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import type { Env } from '../context.js';
import type { LogWish, ServiceState, Supervisor } from './kept.js';
import { labelOf, plistText } from './plist.js';
import { done, lastLine, shown, tried } from './tool.js';

/** @param isSystem whether it is root's, whose jobs begin with the machine. */
export function launchd(env: Env, isSystem: boolean): Supervisor {
  const home = env.HOME || os.homedir();
  const domain = isSystem ? 'system' : `gui/${process.getuid?.() ?? 0}`;
  const target = (pair: string): string => `${domain}/${labelOf(pair)}`;
  const logOf = (pair: string): string =>
    path.join(isSystem ? '/Library/Logs' : path.join(home, 'Library', 'Logs'), `lockstep-${pair}.log`);
  const jobs = isSystem ? '/Library/LaunchDaemons' : path.join(home, 'Library', 'LaunchAgents');
  const fileOf = (pair: string): string => path.join(jobs, `${labelOf(pair)}.plist`);
  const isLoaded = async (pair: string): Promise<boolean> =>
    (await tried('launchctl', ['print', target(pair)]))?.code === 0;
  const load = async (pair: string): Promise<void> => {
    if (!(await isLoaded(pair))) await done('launchctl', ['bootstrap', domain, fileOf(pair)]);
  };
  const unload = async (pair: string): Promise<void> => {
    if (await isLoaded(pair)) await done('launchctl', ['bootout', target(pair)]);
  };
  return {
    called: 'launchd',
    fileOf,
    textOf: (kept) => plistText(kept, logOf(kept.name)),
    check: async () => {
      const ran = await tried('launchctl', ['print', domain]);
      if (ran?.code !== 0) throw withoutLaunchd(ran === null ? 'there is no program launchctl' : lastLine(ran.stderr));
    },
    // launchd starts what it loads.
    enable: async (pair) => {
      await done('launchctl', ['enable', target(pair)]);
    },
    start: async (pair) => {
      await load(pair);
      await done('launchctl', ['kickstart', target(pair)]);
    },
    stop: unload,
    state: async (pair) => {
      const ran = await tried('launchctl', ['print', target(pair)]);
      return stateOf(fs.existsSync(fileOf(pair)), ran?.code === 0 ? ran.stdout : null);
    },
    logs: (pair, { lines, follow }: LogWish) =>
      shown('tail', ['-n', String(lines), ...(follow ? ['-F'] : []), logOf(pair)]),
    lastWords: async (pair) => lastLine((await tried('tail', ['-n', '1', logOf(pair)]))?.stdout ?? ''),
    disable: unload,
    forget: async () => {},
    note: async () => (isSystem ? '' : 'It begins when you log in and ends when you log out.'),
  };
}

const withoutLaunchd = (why: string): SyncError =>
  new SyncError('failed', `launchd cannot be asked to keep a pair here: ${why}.`, {
    hint: 'Run it in a session of the user; "lockstep service install NAME --print" shows the job.',
  });

/** @param text what `launchctl print` prints; null where the job is not loaded. */
function stateOf(isInstalled: boolean, text: string | null): ServiceState {
  const fact = (name: string): string => new RegExp(`^\\s*${name} = (.*)$`, 'm').exec(text ?? '')?.[1] ?? '';
  const pid = Number(fact('pid')) || 0;
  const exitCode = /^-?\d+/.test(fact('last exit code')) ? Number.parseInt(fact('last exit code'), 10) : null;
  const ended = exitCode === null || exitCode === 0 ? 'stopped' : 'failed';
  return {
    isInstalled,
    state: pid > 0 ? 'running' : text === null ? 'stopped' : ended,
    pid,
    exitCode,
    isEnabled: isInstalled,
  };
}

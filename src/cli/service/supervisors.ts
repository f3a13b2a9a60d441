// Which supervisor this machine has.
import { SyncError } from '../../core/errors.js';
import type { Env } from '../context.js';
import type { Supervisor } from './kept.js';
import { launchd } from './launchd.js';
import { systemd } from './systemd.js';

/**
 * @param isSystem whether the service is root's, and begins with the machine.
 * @returns systemd on Linux, launchd on macOS, whether it can be asked or not.
 * @throws SyncError `failed` on other systems.
 */
export function supervisorHere(env: Env, isSystem: boolean, platform: NodeJS.Platform = process.platform): Supervisor {
  if (platform === 'linux') return systemd(env, isSystem);
  if (platform === 'darwin') return launchd(env, isSystem);
  throw new SyncError('failed', `This system (${platform}) has neither systemd nor launchd to keep a pair running.`, {
    hint: 'Have its own scheduler run "lockstep up NAME" at the start.',
  });
}

// Writes a service down: what it runs, where it may write, and what has to be known before it is started.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { quote, STATE_DIR } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';
import { pairNamed, type RememberedPair } from '../up/config.js';
import { remotePlace } from '../up/place.js';
import type { Kept, Supervisor } from './kept.js';

/** Variables that a service needs as they are now: a supervisor starts it with few of its own. */
const KEPT_VARIABLES = ['LOCKSTEP_SSH'];

/** How to install. */
interface Wish {
  /** The path of the program that runs. */
  readonly program: string;
  readonly isSystem: boolean;
  readonly isConfined: boolean;
}

/**
 * @returns what is to be kept running of the pair `name`.
 * @throws SyncError `usage` where there is no such pair, or a name or a path that no supervisor can hold.
 */
export function keptOf(name: string, env: Env, { program, isSystem, isConfined }: Wish): Kept {
  const pair = pairNamed(env, name);
  const directories = ownDirectories(pair);
  for (const word of [name, ...directories])
    if (/[\n\r\0]/.test(word)) throw usageError(`${quote(word)} cannot stand in a service: it has a line break.`);
  const config = env.XDG_CONFIG_HOME || path.join(env.HOME || os.homedir(), '.config');
  const variables = KEPT_VARIABLES.flatMap((each) => (env[each] ? [[each, env[each]] as const] : []));
  return {
    name,
    command: [process.execPath, fs.realpathSync(program), 'up', name],
    environment: { XDG_CONFIG_HOME: path.resolve(config), ...Object.fromEntries(variables) },
    directories,
    needsSsh: remotePlace(pair.other) !== null,
    isSystem,
    isConfined,
  };
}

const ownDirectories = ({ dir, other }: RememberedPair): string[] =>
  [dir, other].filter((one) => remotePlace(one) === null);

/** Writes the file of a service. @throws SyncError `usage` where that cannot be. */
export function writeService(supervisor: Supervisor, kept: Kept): string {
  const file = supervisor.fileOf(kept.name);
  for (const dir of kept.directories)
    if (!fs.existsSync(dir))
      throw usageError(
        `The directory ${quote(dir)} does not exist.`,
        `Make it first, or start the pair once with: lockstep up ${kept.name} --create`,
      );
  const beside = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(beside, supervisor.textOf(kept), { mode: 0o644, flag: 'wx' });
    fs.renameSync(beside, file);
    return file;
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw usageError(`${quote(file)} cannot be written: ${systemTrouble(error).why}.`);
  }
}

/** Removes the file of a service. @returns whether there was one. */
export function removeService(file: string): boolean {
  if (!fs.existsSync(file)) return false;
  try {
    fs.rmSync(file);
    return true;
  } catch (error) {
    throw new SyncError('failed', `${quote(file)} cannot be removed: ${systemTrouble(error).why}.`);
  }
}

/**
 * @returns whether the pair may have to ask somebody before it transfers anything: its first directory has files and no
 *   state yet. A service has nobody to ask.
 */
export function mayAsk(name: string, env: Env): boolean {
  const { dir, other } = pairNamed(env, name);
  return [dir, ...(remotePlace(other) === null ? [other] : [])].every((one) => hasFilesAlone(one));
}

function hasFilesAlone(dir: string): boolean {
  try {
    const names = fs.readdirSync(dir);
    return names.length > 0 && !names.includes(STATE_DIR);
  } catch {
    return false;
  }
}

// $XDG_CONFIG_HOME/lockstep/config.toml: the tables [client], [server-a] and [server-b] with options by their names, and
// [pairs.NAME] for each pair that `lockstep up --name NAME` remembers. The file belongs to people: it is added to, and what
// they wrote in it stays as it is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { SyncError } from '../../core/errors.js';
import { systemTrouble } from '../../core/system-error.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';
import { placeIn } from './place.js';

/** @returns the path of the file, whether it is there or not. */
export function configFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || os.homedir(), '.config');
  return path.join(base, 'lockstep', 'config.toml');
}

/** The options that name a file or a directory of this machine. */
const PATHS = ['dir', 'other', 'secret-file', 'keys', 'web-cert', 'web-key', 'metrics-token-file'];

/**
 * @param key the name of an option.
 * @returns its value in the file, where `~/` is the home directory in a path, as in a shell.
 */
export function inHome(env: Env, key: string, value: string): string {
  const isOfHome = PATHS.includes(key) && /^~(\/|$)/.test(value);
  return isOfHome ? path.join(env.HOME || os.homedir(), value.slice(1)) : value;
}

/** The names of what can stand at the top of the file. */
const TABLES = ['client', 'server-a', 'server-b', 'pairs'] as const;
export type TableName = (typeof TABLES)[number];

/** The file as it was read. */
interface ConfigFile {
  readonly file: string;
  readonly content: string;
  /** The tables as TOML has them; what is in them is not checked. */
  readonly tables: { readonly [T in TableName]?: unknown };
}

/**
 * @returns null where there is no file.
 * @throws SyncError `usage`, naming the file and the line or the key.
 */
export function readConfig(env: Env): ConfigFile | null {
  const file = configFile(env);
  const content = contentOf(file);
  if (content === null) return null;
  const tables = parsed(file, content) as Record<string, unknown>;
  const unknown = Object.keys(tables).find((name) => !(TABLES as readonly string[]).includes(name));
  if (unknown === undefined) return { file, content, tables };
  throw usageError(
    `${placeIn(file, content, unknown, '')} has an unknown key ${unknown}.`,
    'What can stand there is in docs/lockstep.md.',
  );
}

/**
 * @returns the text of the file; null where there is none that this user can see: with the HOME of another user, as after
 *   `su` or in a service, a program goes on without it.
 */
export function contentOf(file: string): string | null {
  try {
    return isVisible(file) ? fs.readFileSync(file, 'utf8') : null;
  } catch (error) {
    throw notUsable(file, 'read', error);
  }
}

function isVisible(file: string): boolean {
  try {
    return fs.statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return false;
    throw error;
  }
}

function parsed(file: string, content: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw usageError(`${file}, line ${error.line}: ${what}.`, 'Mend that line, or take it out.');
  }
}

/** Replaces the file in one step. @throws SyncError `usage`. */
export function writeConfig(file: string, content: string): void {
  const beside = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(beside, content, { flag: 'wx' });
    fs.renameSync(beside, file);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw notUsable(file, 'written', error);
  }
}

const notUsable = (file: string, how: string, error: unknown): SyncError =>
  usageError(`${file} cannot be ${how}: ${systemTrouble(error as NodeJS.ErrnoException).why}.`);

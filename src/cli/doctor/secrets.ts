// The files that let people in: secrets, keys, and the configuration, which names commands to run. Nobody else may read
// the first two, and nobody else may write any of them.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { countText } from '../../core/size-text.js';
import { readSecretFile } from '../../wire/socket/secret.js';
import { configFile } from '../config/file.js';
import type { Env } from '../context.js';
import { defaultKeys } from '../key/new-key.js';
import { readPairs } from '../up/config.js';
import { type Finding, ok, wrong, wrongBy } from './finding.js';

/** The bits that let others write, and the user whose files are believed beside root's. */
const WRITABLE_BY_OTHERS = 0o022;

/** @returns what there is to say of the file of remembered pairs. */
export function configFindings(env: Env): Finding[] {
  const file = configFile(env);
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0)
    return [
      wrong(
        'config',
        `${quote(file)} can be written by others (mode ${modeText(stats.mode)}), and it names commands that are run.`,
        `Make it yours alone with: chmod 600 ${shellWord(file)}`,
      ),
    ];
  try {
    return [ok('config', `${countText(readPairs(env).size, 'pair')} in ${file}.`)];
  } catch (error) {
    return [said('config', error)];
  }
}

/** The variables that name a secret or a key, and those that name a directory of keys. */
const FILES = ['LOCKSTEP_SECRET_FILE', 'LOCKSTEP_A_SECRET_FILE', 'LOCKSTEP_B_SECRET_FILE'];
const DIRECTORIES = ['LOCKSTEP_A_KEYS', 'LOCKSTEP_B_KEYS'];

/** @param given a file that was named as an option. */
export function secretFindings(env: Env, given?: string): Finding[] {
  const files = [given, ...FILES.map((name) => env[name])].filter((file) => file !== undefined && file !== '');
  const named = DIRECTORIES.map((name) => env[name]).filter((directory) => directory !== undefined && directory !== '');
  const usual = defaultKeys(env);
  const directories = fs.existsSync(usual) ? [...named, usual] : named;
  return [
    ...[...new Set(files as string[])].flatMap((file) => fileFindings(file)),
    ...[...new Set(directories as string[])].flatMap((directory) => keyFindings(directory)),
  ];
}

function fileFindings(file: string): Finding[] {
  const trouble = troubleWith(file);
  return [trouble ?? ok('secret', `${quote(file)} is yours alone.`)];
}

function keyFindings(directory: string): Finding[] {
  try {
    const stats = fs.statSync(directory);
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0)
      return [
        wrong(
          'secret',
          `Others can add keys to ${quote(directory)} (mode ${modeText(stats.mode)}).`,
          `Make it yours alone with: chmod 700 ${shellWord(directory)}`,
        ),
      ];
    const keys = fs.readdirSync(directory).filter((name) => name.endsWith('.key'));
    const troubles = keys.flatMap((name) => troubleWith(path.join(directory, name)) ?? []);
    return troubles.length > 0 ? troubles : [ok('secret', `${countText(keys.length, 'key')} in ${quote(directory)}.`)];
  } catch (error) {
    return [
      wrong(
        'secret',
        `${quote(directory)} cannot be read.`,
        `See who may with: ls -ld ${shellWord(directory)} (${(error as Error).message})`,
      ),
    ];
  }
}

/** @returns what is wrong with a secret or a key; null where nothing is. */
function troubleWith(file: string): Finding | null {
  try {
    readSecretFile(file);
    const { uid } = fs.statSync(file);
    const own = process.getuid?.() ?? uid;
    if (uid === own || uid === 0) return null;
    const take = `Take it over with: sudo chown ${own} ${shellWord(file)}`;
    return wrong('secret', `${quote(file)} belongs to another user (${uid}), who can read and replace it.`, take);
  } catch (error) {
    return said('secret', error);
  }
}

function said(check: 'config' | 'secret', error: unknown): Finding {
  if (!(error instanceof SyncError)) throw error;
  return wrongBy(check, error);
}

const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

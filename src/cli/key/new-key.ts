// Makes a key: 32 random bytes in a file NAME.key that only its owner can read, and never over one that is there.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import { isKeyName, isRole, type Role, SECRET_IDENTITY } from '../../core/person.js';
import { systemTrouble } from '../../core/system-error.js';
import { fsyncSync } from '../../disk/fs/flush.js';
import { keyFile } from '../../wire/socket/keys.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';

const KEY_BYTES = 32;

/** A key that was made. */
export interface NewKey {
  readonly name: string;
  readonly role: Role;
  /** Where it is, an absolute path. */
  readonly file: string;
  readonly directory: string;
}

/** @returns the directory for keys where none is named: `$XDG_CONFIG_HOME/lockstep/keys`. */
export function defaultKeys(env: Env): string {
  return path.join(env.XDG_CONFIG_HOME || path.join(env.HOME || os.homedir(), '.config'), 'lockstep', 'keys');
}

/**
 * @param asked the name, the role as typed, and the directory, which is made where it is missing.
 * @throws SyncError `usage` for a name or a role that cannot be, or where the file cannot be written; `exists`.
 */
export function makeKey(asked: { readonly name: string; readonly role: string; readonly directory: string }): NewKey {
  const { name, role } = asked;
  if (!isKeyName(name)) throw notAName(name);
  if (!isRole(role)) throw usageError(`--role takes admin, user or read, not ${quote(role)}.`);
  if (asked.directory === '') throw usageError('--keys takes a directory, not an empty name.');
  const directory = path.resolve(asked.directory);
  const file = keyFile(directory, name);
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    write(file, `${name}:${role}:${randomBytes(KEY_BYTES).toString('hex')}\n`);
  } catch (error) {
    throw notMade(name, file, error as NodeJS.ErrnoException);
  }
  return { name, role, file, directory };
}

function write(file: string, content: string): void {
  const fd = fs.openSync(file, 'wx', 0o600);
  try {
    fs.writeSync(fd, content);
    fsyncSync(fd);
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function notAName(name: string): SyncError {
  if (name === SECRET_IDENTITY) return usageError(`${name} cannot be the name of a key: the one secret is called so.`);
  return usageError(
    `${quote(name)} cannot be the name of a key.`,
    'Use up to 64 letters from a to z, digits, and . _ @ + -, a letter or a digit first.',
  );
}

function notMade(name: string, file: string, error: NodeJS.ErrnoException): SyncError {
  if (error.code === 'EEXIST' && fs.existsSync(file))
    return new SyncError('exists', `There is a key of ${name} already: ${file}.`, {
      hint: 'Delete it first where it shall be another one: that ends its connections.',
    });
  return usageError(`The key ${file} cannot be made: ${systemTrouble(error).why}.`);
}

// What both ends of a connection prove to have: the one secret of a pair, or the key of a person, and its file. Messages
// say where a secret comes from but never quote it, and printing a Secret shows nothing.
import fs from 'node:fs';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import { isKeyName, isRole, type Person, SECRET_IDENTITY } from '../../core/person.js';
import { shellWord } from '../../core/shell-word.js';
import { systemTrouble } from '../../core/system-error.js';

const KEY_BYTES = 32;
/** The digits alone, or those of a person: `NAME:ROLE:DIGITS`. */
const FORM = /^(?:([^:\n]+):([a-z]+):)?([0-9a-fA-F]{64})\r?\n?$/;
/** More bytes than a valid file has. */
const MAX_BYTES = 1024;

/** A secret of 32 bytes: the one of a pair, or the key of a person. */
export class Secret {
  readonly #key: Buffer;
  /** Whose key it is; null for the one secret. */
  readonly person: Person | null;

  private constructor(digits: string, person: Person | null) {
    this.#key = Buffer.from(digits, 'hex').subarray(0, KEY_BYTES);
    this.person = person;
  }

  /**
   * @param text 64 hexadecimal digits, as `openssl rand -hex 32` makes them, or a key `NAME:ROLE:DIGITS`; a newline may
   *   follow.
   * @param where the beginning of the error message.
   * @throws SyncError `usage`, without quoting the text.
   */
  static parse(text: string, where = 'The secret'): Secret {
    const [, name, role = '', digits] = FORM.exec(text) ?? [];
    if (digits !== undefined && name === undefined) return new Secret(digits, null);
    if (digits !== undefined && isKeyName(name!) && isRole(role)) return new Secret(digits, { name: name!, role });
    throw new SyncError('usage', `${where} is not 64 hexadecimal digits, nor a key (NAME:ROLE: and such digits).`, {
      hint: MAKE_ONE,
    });
  }

  /** What is said in the handshake to tell which secret is meant. */
  get identity(): string {
    return this.person?.name ?? SECRET_IDENTITY;
  }

  /** The key, only for the handshake. */
  get key(): Buffer {
    return this.#key;
  }

  /**
   * @returns whether `other` is the same secret of the same person in the same role. For comparing what was read from one's
   *   own files: the time that it takes depends on the key.
   */
  isSame(other: Secret): boolean {
    const isOfSame = this.identity === other.identity && this.person?.role === other.person?.role;
    return this.#key.equals(other.key) && isOfSame;
  }
}

const MAKE_ONE = 'Make one with: openssl rand -hex 32 > lockstep.secret && chmod 600 lockstep.secret';

/**
 * Reads a secret from a file that only its owner can read.
 * @throws SyncError `usage`, with the command that solves it.
 */
export function readSecretFile(file: string): Secret {
  let handle: number | undefined;
  try {
    // Opening a pipe without a writer would block.
    handle = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stats = fs.fstatSync(handle);
    if (!stats.isFile()) throw refusal(file, 'it is not a file', 'Name the file itself.');
    if ((stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      const own = 'Make it yours alone with: chmod 600';
      throw refusal(file, `others than its owner may use it (mode ${mode})`, `${own} ${shellWord(file)}`);
    }
    const bytes = Buffer.alloc(MAX_BYTES);
    return Secret.parse(bytes.toString('latin1', 0, fs.readSync(handle, bytes)), `The secret file ${quote(file)}`);
  } catch (error) {
    throw error instanceof SyncError ? error : unreadable(file, error as NodeJS.ErrnoException);
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}

/**
 * @returns the secret, given as text or in a file; undefined where neither is given.
 * @throws SyncError `usage`.
 */
export function givenSecret(given: {
  secret?: string | undefined;
  secretFile?: string | undefined;
}): Secret | undefined {
  if (given.secret !== undefined) return Secret.parse(given.secret);
  return given.secretFile === undefined ? undefined : readSecretFile(given.secretFile);
}

function unreadable(file: string, cause: NodeJS.ErrnoException): SyncError {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return refusal(file, 'it does not exist', MAKE_ONE, cause);
  if (cause.code === 'EACCES' || cause.code === 'EPERM')
    return refusal(file, 'it may not be read', `See who may with: ls -l ${shellWord(file)}`, cause);
  return refusal(file, `it cannot be read (${systemTrouble(cause).why})`, 'Name another with --secret-file.', cause);
}

const refusal = (file: string, why: string, hint: string, cause?: unknown): SyncError =>
  new SyncError('usage', `The secret file ${quote(file)} cannot be used: ${why}.`, { hint, cause });

/** What to do where the two ends have different secrets. */
export const SAME_FILE = 'Give every program a copy of the same file with --secret-file.';

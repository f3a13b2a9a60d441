// The keys that a server accepts: the one secret, or a directory with a file NAME.key for each person, which is read
// anew at each connection, so that keys can be added and removed while the server runs.
import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import { isKeyName, PEER_NAME } from '../../core/person.js';
import { shellWord } from '../../core/shell-word.js';
import { systemTrouble } from '../../core/system-error.js';
import { readSecretFile, type Secret } from './secret.js';

const SUFFIX = '.key';
/** How often the keys of open connections are compared with their files, in milliseconds. */
const CHECK_MS = 1_500;
/** What the system may answer for a moment about a file that is still there. */
const PASSING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT']);

/** The keys that a server accepts. */
export interface Keys {
  /** @returns what proves `identity`; null where nothing does. */
  find(identity: string): Secret | null;
  /** @returns whether `key` still is accepted; true where that cannot be told at the moment. */
  isValid(key: Secret): boolean;
}

/** @returns the one secret as keys. */
export const onlyKey = (secret: Secret): Keys => ({
  find: (identity) => (identity === secret.identity ? secret : null),
  isValid: () => true,
});

/** The keys in a directory. */
export interface KeyDirectory extends Keys {
  /** @returns the key of the two servers. @throws SyncError `not-allowed` where it is not there any more. */
  peer(): Secret;
}

/**
 * Opens a directory of keys and checks each of them.
 * @param warn told once of each key that becomes unusable later.
 * @throws SyncError `usage` where it cannot be read, others can write to it, a key in it is unusable, or the key of the
 *   two servers is missing.
 */
export function openKeys(directory: string, warn: (text: string) => void): KeyDirectory {
  for (const name of namesIn(directory)) readKey(directory, name);
  const warned = new Set<string>();
  const find = (identity: string): Secret | null => {
    try {
      return isKeyName(identity) ? readKey(directory, identity) : null;
    } catch (error) {
      const { message, hint, cause } = error as SyncError;
      if (!isMissing(cause) && !warned.has(message)) warn(`${message} ${hint}`);
      warned.add(message);
      return null;
    }
  };
  return {
    find,
    isValid: (key) => {
      try {
        return readKey(directory, key.identity).isSame(key);
      } catch (error) {
        return PASSING.has(codeOf((error as SyncError).cause));
      }
    },
    peer: () => find(PEER_NAME) ?? lacksPeer(directory),
  };
}

/** @returns the file of a key in `directory`. */
export const keyFile = (directory: string, name: string): string => path.join(directory, `${name}${SUFFIX}`);

/** @throws SyncError `usage`. */
function namesIn(directory: string): string[] {
  let names: string[];
  try {
    const { mode } = fs.statSync(directory);
    if ((mode & 0o022) !== 0) throw openToOthers(directory, mode);
    names = fs.readdirSync(directory);
  } catch (error) {
    throw error instanceof SyncError ? error : cannotRead(directory, error as NodeJS.ErrnoException);
  }
  const keys = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  if (!keys.includes(PEER_NAME)) throw new SyncError('usage', peerMissing(directory), { hint: makePeer(directory) });
  return keys.filter(isKeyName);
}

/** @throws SyncError `usage`; its cause is the system's error where there is one. */
function readKey(directory: string, name: string): Secret {
  const file = keyFile(directory, name);
  const key = readSecretFile(file);
  if (key.person?.name === name) return key;
  throw new SyncError('usage', `The key file ${quote(file)} cannot be used: it is not the key of ${name}.`, {
    hint: 'A key NAME:ROLE:DIGITS stands in the file NAME.key.',
  });
}

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
const isMissing = (cause: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(cause));

const peerMissing = (directory: string): string =>
  `The directory of keys ${quote(directory)} has no ${PEER_NAME}${SUFFIX}, with which the two servers prove themselves to each other.`;

const makePeer = (directory: string): string =>
  `Make it with "lockstep key new ${PEER_NAME} --keys ${shellWord(directory)}", and copy it to the other server's directory of keys.`;

function lacksPeer(directory: string): never {
  throw new SyncError('not-allowed', peerMissing(directory), { hint: makePeer(directory) });
}

const openToOthers = (directory: string, mode: number): SyncError =>
  new SyncError(
    'usage',
    `The directory of keys ${quote(directory)} cannot be used: others than its owner may add keys (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    { hint: `Make it yours alone with: chmod 700 ${shellWord(directory)}` },
  );

const cannotRead = (directory: string, cause: NodeJS.ErrnoException): SyncError =>
  new SyncError('usage', `The directory of keys ${quote(directory)} cannot be read: ${systemTrouble(cause).why}.`, {
    hint: `Make it with the first key: lockstep key new ${PEER_NAME} --keys ${shellWord(directory)}`,
    cause,
  });

/** A connection that a key has opened. */
interface Opened {
  readonly closed: Promise<unknown>;
  close(reason: Error): void;
}

/** Ends the connections of keys that are removed or changed. While there are none, it does nothing. */
export class KeyWatch {
  readonly #keys: Keys;
  readonly #open = new Map<Opened, Secret>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Watches the key of a connection until it ends; the one secret needs no watching. */
  add(connection: Opened, key: Secret): void {
    if (key.person === null) return;
    this.#open.set(connection, key);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
    void connection.closed.then(() => {
      this.#open.delete(connection);
      if (this.#open.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
  }

  #check(): void {
    for (const [connection, key] of this.#open) if (!this.#keys.isValid(key)) connection.close(noLonger(key.identity));
  }
}

const noLonger = (name: string): SyncError =>
  new SyncError('not-allowed', `The key of ${name} was removed or changed.`, {
    hint: 'Ask who keeps the keys of the server for a new one.',
  });

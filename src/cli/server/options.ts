// Checks what a server is given by flags, the environment and config.toml; errors name what was given and where.

import { SyncError } from '../../core/errors.js';
import { IGNORE_SET_NAMES, isIgnoreSet, linesOfSet } from '../../core/ignore-sets.js';
import { quote } from '../../core/path.js';
import { sideNameFault } from '../../core/side-name.js';
import type { Timetable } from '../../core/timetable.js';
import type { VersionLimits } from '../../disk/versions/pruning.js';
import { isLoopback, parseAddress } from '../../wire/socket/tcp.js';
import type { Env } from '../context.js';
import { parseDuration } from '../duration.js';
import { usageError } from '../report-error.js';
import {
  DEFAULT_GRACE,
  DEFAULT_HOST,
  DEFAULT_KEEP,
  DEFAULT_PEER,
  DEFAULT_RESCAN,
  DEFAULT_SHARE,
  DEFAULTS,
} from './command.js';
import type { Given } from './given.js';
import { parseLimit } from './limit.js';
import { parse, type Read, type ReadFile } from './read.js';
import { type WebPlace, webPlace } from './web-place.js';

/** The settings of both servers. */
export interface ServerSettings {
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  readonly ignore: readonly string[];
  readonly versionLimits: VersionLimits;
  /** The file with the secret, where there is one. */
  readonly secretFile: string | null;
  /** The directory with the keys of people, instead of one secret. */
  readonly keys: string | null;
  /** Whether other users of this machine are trusted where there is no secret. */
  readonly allowLocal: boolean;
  /** Whether a missing directory is made. */
  readonly create: boolean;
  /** What messages call this side; null where nobody has named it. */
  readonly name: string | null;
  /** A command that is run for every event; null for none. */
  readonly onEvent: string | null;
  /** How fast contents are transferred; null for no limit. */
  readonly limit: Timetable | null;
  /** Whether flushes are left out: a power cut can lose or damage what was said to be done. */
  readonly noFsync: boolean;
  /** Whether documents that a program has open on this side are locked. */
  readonly autoLock: boolean;
  /** Whether owner files say to programs on this side who has locked a document. */
  readonly showLocks: boolean;
  readonly log: 'text' | 'json';
  readonly verbose: boolean;
  readonly quiet: boolean;
}

/** The further settings of server-a. */
export interface ServerASettings extends ServerSettings {
  readonly peer: { readonly host: string; readonly port: number };
  readonly rescanMs: number;
  /** Whether the other side's copy of a locked file loses its write bits while it is locked. */
  readonly guard: boolean;
  /** How long the automatic lock of a side that is away is kept. */
  readonly autoLockGraceMs: number;
  /** Whether to show what would be transferred, and end. */
  readonly dryRun: boolean;
  /** Where the page is served; null where it is not. */
  readonly web: WebPlace | null;
  /** The file with what lets a program read the metrics; null where nothing does. */
  readonly metricsTokenFile: string | null;
}

/** A hundred years: without end, for a file. */
const MAX_KEEP_MS = 100 * 365.25 * 24 * 60 * 60 * 1000;

/** What the command line requests: to run with these settings, or nothing more than a text that has been printed. */
export type Asked<S> = { readonly settings: S } | { readonly printed: true };

/**
 * @param args the words after the program's name.
 * @param print receives the help or the version.
 * @param inFile reads what config.toml gives; absent where it does not count.
 * @throws SyncError `usage`.
 */
export function serverAOptions(
  args: readonly string[],
  env: Env,
  print: (text: string) => void,
  inFile?: ReadFile,
): Asked<ServerASettings> {
  const read = parse('a', args, { env, inFile }, print);
  if (read === null) return { printed: true };
  const peer = read.given('peer', DEFAULT_PEER);
  const rescan = read.given('rescan', DEFAULT_RESCAN);
  const grace = read.given('autoLockGrace', DEFAULT_GRACE);
  const settings = {
    ...common(read),
    peer: addressOf(peer),
    rescanMs: parseDuration(rescan.text, rescan.from),
    guard: read.on('guard'),
    autoLockGraceMs: parseDuration(grace.text, grace.from),
    dryRun: read.on('dryRun'),
    web: webPlace(read.given('web', 'off'), read.given('webCert', ''), read.given('webKey', '')),
    metricsTokenFile: read.given('metricsTokenFile', '').text || null,
  };
  return { settings };
}

/** The same for server-b. */
export function serverBOptions(
  args: readonly string[],
  env: Env,
  print: (text: string) => void,
  inFile?: ReadFile,
): Asked<ServerSettings> {
  const read = parse('b', args, { env, inFile }, print);
  return read === null ? { printed: true } : { settings: common(read) };
}

function common(read: Read): ServerSettings {
  const { dir, port } = DEFAULTS[read.which];
  const folder = read.given('dir', dir);
  if (folder.text === '') throw usageError(`${folder.from} takes a directory, not an empty name.`);
  const log = read.given('log', 'text');
  if (log.text !== 'text' && log.text !== 'json')
    throw usageError(`${log.from} takes text or json, not "${log.text}".`);
  const number = portOf(read.given('port', port));
  const trust = trustOf(read);
  return {
    dir: folder.text,
    host: hostOf(read.given('host', DEFAULT_HOST), trust.secretFile !== null || trust.keys !== null, read.which),
    port: number,
    ignore: [...read.ignoreSets.flatMap(linesOf), ...read.ignore],
    versionLimits: limitsOf(read),
    ...trust,
    allowLocal: read.on('allowLocal'),
    create: read.on('create'),
    name: nameOf(read.given('name', ''), read.flags.name !== undefined, read.which),
    onEvent: commandOf(read.given('onEvent', ''), read.flags.onEvent !== undefined),
    limit: limitGiven(read.given('limit', 'off')),
    noFsync: read.on('noFsync'),
    autoLock: onOff(read.given('autoLock', 'on')),
    showLocks: onOff(read.given('showLocks', 'on')),
    log: log.text,
    verbose: read.on('verbose'),
    quiet: read.on('quiet'),
  };
}

/** @returns the file or the directory that says who may connect. */
function trustOf(read: Read): Pick<ServerSettings, 'secretFile' | 'keys'> {
  const secretFile = read.given('secretFile', '');
  const keys = read.given('keys', '');
  if (secretFile.text === '' && read.flags.secretFile !== undefined)
    throw usageError(`${secretFile.from} takes a file, not an empty name.`);
  if (keys.text === '' && read.flags.keys !== undefined)
    throw usageError(`${keys.from} takes a directory, not an empty name.`);
  if (secretFile.text !== '' && keys.text !== '')
    throw usageError(
      `${secretFile.from} and ${keys.from} both say who may connect.`,
      'Give one: a secret that all share, or a key for each person.',
    );
  return { secretFile: secretFile.text || null, keys: keys.text || null };
}

function nameOf({ text, from }: Given, isFlag: boolean, side: 'a' | 'b'): string | null {
  if (text === '' && !isFlag) return null;
  const fault = sideNameFault(text, side);
  if (fault === null) return text;
  throw usageError(`${from} takes a name for this side, and ${quote(text)} ${fault}.`, 'Such as: --name office');
}

/** @returns the lines of a stock set, or of several with commas between them. */
function linesOf({ text, from }: Given): readonly string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  const unknown = names.find((name) => !isIgnoreSet(name));
  if (unknown !== undefined || names.length === 0)
    throw usageError(`${from} takes ${IGNORE_SET_NAMES.join(' or ')}, not "${unknown ?? text}".`);
  return names.filter(isIgnoreSet).flatMap(linesOfSet);
}

function onOff({ text, from }: Given): boolean {
  const word = text.trim().toLowerCase();
  if (['on', '1', 'yes', 'true'].includes(word)) return true;
  if (['off', '0', 'no', 'false'].includes(word)) return false;
  throw usageError(`${from} takes on or off, not "${text}".`);
}

const limitGiven = ({ text, from }: Given): Timetable | null => parseLimit(text, from);

function limitsOf(read: Read): VersionLimits {
  const keep = read.given('keepVersions', DEFAULT_KEEP);
  return {
    keepMs: parseDuration(keep.text, keep.from, MAX_KEEP_MS),
    share: shareOf(read.given('versionsShare', DEFAULT_SHARE)),
  };
}

function commandOf({ text, from }: Given, isFlag: boolean): string | null {
  if (text.trim() !== '') return text;
  if (isFlag) throw usageError(`${from} takes a command, not an empty line.`);
  return null;
}

function shareOf({ text, from }: Given): number {
  const percent = /^\d+(\.\d+)? ?%?$/.test(text.trim()) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent > 0 && percent <= 100))
    throw usageError(`${from} takes a part of the disk such as 20%, not "${text}".`);
  return percent / 100;
}

function portOf({ text, from }: Given): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535))
    throw usageError(`${from} takes a number from 0 to 65535, not "${text}" (0 is any free port).`);
  return port;
}

/** Everybody who can connect can read and write everything, so beyond this machine a secret is required. */
function hostOf({ text, from }: Given, hasSecret: boolean, which: 'a' | 'b'): string {
  if (isLoopback(text) || hasSecret) return text;
  throw usageError(
    `${from} ${text} would let everybody in who can reach it: listening anywhere but on loopback needs a secret.`,
    `Make one with "openssl rand -hex 32 > ${SECRET} && chmod 600 ${SECRET}", copy it to each other machine with ` +
      `"scp -p ${SECRET} OTHER-MACHINE:", and start every program with it: server-${which} --host ${text} --secret-file ${SECRET}; or give each person a key (--keys)`,
  );
}

const SECRET = 'lockstep.secret';

function addressOf({ text, from }: Given): { host: string; port: number } {
  try {
    return parseAddress(text, DEFAULT_HOST);
  } catch (error) {
    throw error instanceof SyncError ? usageError(`${from}: ${error.message}`, error.hint) : error;
  }
}

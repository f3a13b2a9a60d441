// The context of a command: the global options, a connection to the server, and the streams. Commands use no process
// state, so tests and the shell run them in the same way.
import type { WriteStream } from 'node:tty';
import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import { type Address, DEFAULT_SERVER } from '../client/server-address.js';
import { defaultUser } from '../client/user-name.js';
import { SyncError } from '../core/errors.js';
import type { FoundPair } from '../disk/state/address.js';
import { parseAddress } from '../wire/socket/tcp.js';
import { nameInKey } from './key/name-in-key.js';
import type { ProgramNames } from './program-name.js';
import { type Colors, colorsFor, wantsColor } from './render/colors.js';
import { usageError } from './report-error.js';
import type { ShownListing } from './shown-listing.js';
import { switchOf } from './switch.js';

/** The methods of Client that commands use; tests provide a fake. */
export type Api = Pick<
  Client,
  | 'list'
  | 'locks'
  | 'held'
  | 'lock'
  | 'unlock'
  | 'ask'
  | 'notices'
  | 'versions'
  | 'recentVersions'
  | 'pruneVersions'
  | 'restore'
  | 'checkIgnore'
  | 'read'
  | 'conflicts'
  | 'resolve'
  | 'upload'
  | 'download'
  | 'rename'
  | 'remove'
  | 'status'
  | 'plan'
  | 'transfers'
  | 'flush'
  | 'rescan'
  | 'web'
  | 'pause'
  | 'resume'
  | 'watch'
  | 'log'
  | 'user'
>;

/** The environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The value of an option in config.toml. */
export interface FileValue {
  /** A list has several texts, a switch is `1` or `0`. */
  readonly texts: readonly string[];
  /** `FILE, line N: NAME`, as messages begin. */
  readonly from: string;
  /** `FILE, line N`. */
  readonly place: string;
}

/** What stands in a table of config.toml, by the names of options without their dashes. */
export type FileTable = ReadonlyMap<string, FileValue>;

export const NO_TABLE: FileTable = new Map();

/** How a client and a server authenticate each other. */
export interface Trust {
  /** The file with the servers' secret. */
  readonly secretFile?: string | undefined;
  /** Whether to trust a server of another local user where there is no secret. */
  readonly allowLocal?: boolean | undefined;
  /** The id of a root that the server must serve; any server will do unless given. */
  readonly root?: string | undefined;
}

/** The streams and services of one run of the client, independent of the command. */
export interface Io {
  readonly env: Env;
  /** @returns what config.toml gives the client. @throws SyncError `usage`, naming the line. */
  inFile?(): FileTable;
  /** @returns the pair in whose directory the program was started; null where it was not. */
  nearby?(): FoundPair | null;
  /** @returns where a remembered pair answers. @throws SyncError `usage` where it does not. */
  pairNamed?(name: string): FoundPair;
  /** The names under which the programs were called, for advice. */
  readonly names: ProgramNames;
  /** @returns a connection; the same one for the same server, user and trust while it is open. */
  connect(server: Address, user: string, trust: Trust): Promise<Api>;
  /** Writes text to stdout or stderr. Lines end with a newline already. */
  out(text: string): void;
  err(text: string): void;
  /** Writes bytes of a file to stdout as they are; resolves when more can be taken. */
  bytes(data: Uint8Array): Promise<void>;
  /** Writes the buffered output, before another program writes to the terminal. */
  flush(): void;
  readonly shown: ShownListing;
  /** Aborted when the command has to end. */
  readonly signal: AbortSignal;
  /** The lines of a shell; opened on first use. */
  stdin(): NodeJS.ReadableStream;
  /** Whether stdin has the lines of a shell or a menu, and no content. */
  readonly readsLines?: boolean;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  /** The terminal for progress bars; undefined where stderr is not a terminal. */
  readonly progress?: WriteStream | undefined;
  /** Whether the caller asks about overwriting next; then errors do not suggest the option. */
  readonly asksToOverwrite?: boolean;
  /** The width of the terminal in columns, where there is one. */
  readonly columns: number | undefined;
}

/** The client's command line, for commands that read lines themselves: shell, menu and completion. */
export interface CommandLine {
  /**
   * Runs `words` as a line of the client.
   * @returns the exit code; errors have been reported.
   */
  run(words: readonly string[], io: Io, globals: Globals): Promise<number>;
  /** @returns the table of all commands and options, for reading only. */
  commands(): Command;
}

/** The Io with the global options applied. */
export interface CommandContext extends Io {
  readonly server: Address;
  /** The side of the directory in which the program was started, unless the environment names one. */
  readonly side: string | undefined;
  readonly user: string;
  readonly json: boolean;
  readonly colors: Colors;
  /** The global options as given, as defaults for the lines of a shell. */
  readonly globals: Globals;
  readonly commandLine: CommandLine;
  api(): Promise<Api>;
}

/** The global options as typed. */
export interface Globals {
  readonly server?: string;
  readonly pair?: string;
  readonly as?: string;
  readonly secretFile?: string;
  readonly allowLocal?: boolean;
  readonly json?: boolean;
  readonly color?: 'auto' | 'always' | 'never';
}

/**
 * @returns the context of a command under these global options; a flag takes precedence over the environment.
 * @throws SyncError `usage`, naming the flag or the variable.
 */
export function contextFor(io: Io, globals: Globals, commandLine: CommandLine): CommandContext {
  const file = io.inFile?.() ?? NO_TABLE;
  const nearby = pairFor(io, globals, file);
  const server = serverOf(globals.server, io.env, nearby, file);
  const secretFile = secretFileOf(globals.secretFile, io.env, file);
  const user = userOf(globals.as, io.env, secretFile, file);
  const trust: Trust = {
    secretFile,
    allowLocal:
      globals.allowLocal ??
      switchOf(io.env.LOCKSTEP_ALLOW_LOCAL || (textIn(file, 'allow-local') ?? '0'), 'LOCKSTEP_ALLOW_LOCAL'),
    root: nearby?.root,
  };
  const color = wantsColor(globals.color ?? colorIn(file), io.stdoutIsTerminal, io.env);
  const json = globals.json ?? textIn(file, 'json') === '1';
  return {
    ...io,
    server,
    side: io.env.LOCKSTEP_SIDE || nearby?.side || sideIn(file),
    user,
    globals,
    commandLine,
    json,
    progress: json ? undefined : io.progress,
    colors: colorsFor(color),
    api: () => io.connect(server, user, trust),
  };
}

/** The pair that is meant where no server is named. */
function pairFor(io: Io, { pair, server }: Globals, file: FileTable): FoundPair | null {
  if (pair !== undefined && server !== undefined)
    throw usageError('--pair and --server both name a server.', 'Give one.');
  if (pair !== undefined) return io.pairNamed?.(pair) ?? null;
  if (server !== undefined || io.env.LOCKSTEP_SERVER) return null;
  const nearby = io.nearby?.() ?? null;
  const usual = textIn(file, 'pair');
  if (nearby !== null || usual === undefined || file.has('server')) return nearby;
  return io.pairNamed?.(usual) ?? null;
}

function serverOf(flag: string | undefined, env: Env, nearby: FoundPair | null, file: FileTable): Address {
  const inFile = file.get('server');
  const text = flag ?? nearby?.address ?? (env.LOCKSTEP_SERVER || (inFile?.texts[0] ?? DEFAULT_SERVER));
  try {
    return parseAddress(text, '127.0.0.1');
  } catch (error) {
    const from = flag !== undefined ? '--server' : env.LOCKSTEP_SERVER ? 'LOCKSTEP_SERVER' : (inFile?.from ?? '');
    throw error instanceof SyncError ? usageError(`${from}: ${error.message}`, error.hint) : error;
  }
}

/** The name that a key proves goes before that of the file: another one would be refused. */
function userOf(flag: string | undefined, env: Env, secretFile: string | undefined, file: FileTable): string {
  const key = secretFile && nameInKey(secretFile);
  const name = flag ?? (env.LOCKSTEP_USER || key || textIn(file, 'as') || defaultUser());
  if (name.trim() === '') throw usageError('--as takes a name that is not empty.');
  return name;
}

function secretFileOf(flag: string | undefined, env: Env, file: FileTable): string | undefined {
  if (flag === '') throw usageError('--secret-file takes a file, not an empty name.');
  return flag ?? (env.LOCKSTEP_SECRET_FILE || textIn(file, 'secret-file') || undefined);
}

const textIn = (file: FileTable, name: string): string | undefined => file.get(name)?.texts[0];

function colorIn(file: FileTable): 'auto' | 'always' | 'never' {
  const { texts, from } = file.get('color') ?? { texts: ['auto'], from: '' };
  const [color] = texts;
  if (color === 'auto' || color === 'always' || color === 'never') return color;
  throw usageError(`${from} takes auto, always or never, not "${color}".`);
}

function sideIn(file: FileTable): string | undefined {
  const side = textIn(file, 'side');
  if (side === undefined || side === 'a' || side === 'b') return side;
  throw usageError(`${file.get('side')!.from} takes a or b, not "${side}".`);
}

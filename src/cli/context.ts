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
  const nearby = pairFor(io, globals);
  const server = serverOf(globals.server, io.env, nearby);
  const secretFile = secretFileOf(globals.secretFile, io.env);
  const user = userOf(globals.as, io.env, secretFile);
  const trust: Trust = {
    secretFile,
    allowLocal: globals.allowLocal ?? switchOf(io.env.LOCKSTEP_ALLOW_LOCAL || '0', 'LOCKSTEP_ALLOW_LOCAL'),
    root: nearby?.root,
  };
  const color = wantsColor(globals.color ?? 'auto', io.stdoutIsTerminal, io.env);
  return {
    ...io,
    server,
    side: io.env.LOCKSTEP_SIDE || nearby?.side,
    user,
    globals,
    commandLine,
    json: globals.json === true,
    progress: globals.json === true ? undefined : io.progress,
    colors: colorsFor(color),
    api: () => io.connect(server, user, trust),
  };
}

/** The pair that is meant where no server is named. */
function pairFor(io: Io, { pair, server }: Globals): FoundPair | null {
  if (pair !== undefined && server !== undefined)
    throw usageError('--pair and --server both name a server.', 'Give one.');
  if (pair !== undefined) return io.pairNamed?.(pair) ?? null;
  if (server !== undefined || io.env.LOCKSTEP_SERVER) return null;
  return io.nearby?.() ?? null;
}

function serverOf(flag: string | undefined, env: Env, nearby: FoundPair | null): Address {
  const text = flag ?? nearby?.address ?? (env.LOCKSTEP_SERVER || DEFAULT_SERVER);
  try {
    return parseAddress(text, '127.0.0.1');
  } catch (error) {
    const from = flag === undefined ? 'LOCKSTEP_SERVER' : '--server';
    throw error instanceof SyncError ? usageError(`${from}: ${error.message}`, error.hint) : error;
  }
}

function userOf(flag: string | undefined, env: Env, secretFile: string | undefined): string {
  const name = flag ?? (env.LOCKSTEP_USER || (secretFile && nameInKey(secretFile)) || defaultUser());
  if (name.trim() === '') throw usageError('--as takes a name that is not empty.');
  return name;
}

function secretFileOf(flag: string | undefined, env: Env): string | undefined {
  if (flag === '') throw usageError('--secret-file takes a file, not an empty name.');
  return flag ?? (env.LOCKSTEP_SECRET_FILE || undefined);
}

// What a command is given: the answers to every global option, a way to the server, and where to speak. Commands know
// no process, so that a test or the shell can run them just as well.
import type { WriteStream } from 'node:tty';
import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import { type Address, DEFAULT_SERVER } from '../client/server-address.js';
import { defaultUser } from '../client/user-name.js';
import { SyncError } from '../core/errors.js';
import type { PairAddress } from '../disk/state/address.js';
import { parseAddress } from '../wire/socket/tcp.js';
import { type Colors, colorsFor, wantsColor } from './render/colors.js';
import { usageError } from './report-error.js';
import type { ShownListing } from './shown-listing.js';
import { switchOf } from './switch.js';

/** What commands use of a Client; tests give a fake. */
export type Api = Pick<
  Client,
  | 'list'
  | 'locks'
  | 'held'
  | 'lock'
  | 'unlock'
  | 'notices'
  | 'versions'
  | 'restore'
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
  | 'pause'
  | 'resume'
  | 'watch'
  | 'user'
>;

/** The environment variables, as far as a command may look. */
export type Env = Readonly<Record<string, string | undefined>>;

/** By what a client and a server trust each other. */
export interface Trust {
  /** The file with the servers' secret. */
  readonly secretFile?: string | undefined;
  /** Whether, without a secret, a server that another local user runs is trusted. */
  readonly allowLocal?: boolean | undefined;
}

/** What a run of the client stands on, whatever it is asked. */
export interface Io {
  readonly env: Env;
  /** @returns the pair in whose directory the program was started; null where it was not. */
  nearby?(): PairAddress | null;
  /** A connection; the same one for the same server, user and trust while it lasts. */
  connect(server: Address, user: string, trust: Trust): Promise<Api>;
  /** Writes text to stdout, to stderr. Lines are already ended. */
  out(text: string): void;
  err(text: string): void;
  /** Writes what `out` has gathered, before somebody else writes to the terminal. */
  flush(): void;
  readonly shown: ShownListing;
  /** Ends what would go on for ever. */
  readonly signal: AbortSignal;
  /** Where a shell's lines come from; opened when it is asked for. */
  stdin(): NodeJS.ReadableStream;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  /** The terminal that progress is drawn on; none where stderr is no terminal. */
  readonly progress?: WriteStream | undefined;
  /** Whether overwriting is asked about next, so that no option for it is to be advised. */
  readonly asksToOverwrite?: boolean;
  /** The terminal's width, where there is one. */
  readonly columns: number | undefined;
}

/** The client's own command line, for commands that read lines themselves: the shell, the menu, completion. */
export interface CommandLine {
  /** Runs `words` as a line of the client. @returns the exit code; whatever goes wrong has been said. */
  run(words: readonly string[], io: Io, globals: Globals): Promise<number>;
  /** Every command with its options, to be read and not run. */
  commands(): Command;
}

/** The ground, and what the global options say. */
export interface CommandContext extends Io {
  readonly server: Address;
  /** The side of the directory in which the program was started, unless the environment names one. */
  readonly side: string | undefined;
  readonly user: string;
  readonly json: boolean;
  readonly colors: Colors;
  /** The words of the global options as given, for a shell's lines to start from. */
  readonly globals: Globals;
  readonly commandLine: CommandLine;
  api(): Promise<Api>;
}

/** The global options as they were typed. */
export interface Globals {
  readonly server?: string;
  readonly as?: string;
  readonly secretFile?: string;
  readonly allowLocal?: boolean;
  readonly json?: boolean;
  readonly color?: 'auto' | 'always' | 'never';
}

/**
 * @returns the room for a command under these global options; a flag wins over the environment.
 * @throws SyncError `usage`, naming the flag or the variable.
 */
export function contextFor(io: Io, globals: Globals, commandLine: CommandLine): CommandContext {
  const isNamed = globals.server !== undefined || Boolean(io.env.LOCKSTEP_SERVER);
  const nearby = isNamed ? null : (io.nearby?.() ?? null);
  const server = serverOf(globals.server, io.env, nearby);
  const user = userOf(globals.as, io.env);
  const trust: Trust = {
    secretFile: secretFileOf(globals.secretFile, io.env),
    allowLocal: globals.allowLocal ?? switchOf(io.env.LOCKSTEP_ALLOW_LOCAL || '0', 'LOCKSTEP_ALLOW_LOCAL'),
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

function serverOf(flag: string | undefined, env: Env, nearby: PairAddress | null): Address {
  const text = flag ?? (env.LOCKSTEP_SERVER || (nearby?.address ?? DEFAULT_SERVER));
  try {
    return parseAddress(text, '127.0.0.1');
  } catch (error) {
    const from = flag === undefined ? 'LOCKSTEP_SERVER' : '--server';
    throw error instanceof SyncError ? usageError(`${from}: ${error.message}`, error.hint) : error;
  }
}

function userOf(flag: string | undefined, env: Env): string {
  const name = flag ?? (env.LOCKSTEP_USER || defaultUser());
  if (name.trim() === '') throw usageError('--as takes a name that is not empty.');
  return name;
}

function secretFileOf(flag: string | undefined, env: Env): string | undefined {
  if (flag === '') throw usageError('--secret-file takes a file, not an empty name.');
  return flag ?? (env.LOCKSTEP_SECRET_FILE || undefined);
}

// Stores the listing that was last shown on this terminal, because an index means the file at that position in it. One
// small file for each terminal and server, written in one step and readable only by its owner; it contains only paths.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { systemTrouble } from '../core/system-error.js';

/** The operations that commands need. */
export interface ShownListing {
  /** @returns the paths that were last shown, in the order of their indexes; null where none were. */
  recall(server: string): readonly string[] | null;
  record(server: string, paths: readonly string[]): void;
}

const FORMAT = 1;
const KEPT_MS = 30 * 24 * 3600 * 1000;
const OURS = /^shown-[0-9a-f]{32}\.json(\.\d+)?$/;

/** @returns the directory for state, by the XDG rules: a relative XDG_STATE_HOME is ignored. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const home = env.XDG_STATE_HOME;
  return join(home && isAbsolute(home) ? home : join(homedir(), '.local', 'state'), 'lockstep');
}

/**
 * @param options `identity`: the terminal, see `terminalIdentity`; called on first use. `recalls` and `records`:
 * whether this run may read or write the file. `warn`: called once where writing fails; the listing itself is correct.
 */
export function shownOnTerminal(options: {
  directory: string;
  identity: () => string | null;
  recalls: boolean;
  records: boolean;
  warn: (text: string) => void;
  now?: () => number;
}): ShownListing {
  const fileFor = (server: string): string | null => {
    const identity = options.identity();
    if (identity === null) return null;
    const { createHash } = process.getBuiltinModule('node:crypto'); // scripts never need it
    const key = createHash('sha256')
      .update(JSON.stringify([identity, server]))
      .digest('hex')
      .slice(0, 32);
    return join(options.directory, `shown-${key}.json`);
  };
  return {
    recall(server) {
      const file = options.recalls ? fileFor(server) : null;
      return file === null ? null : readPaths(file);
    },
    record(server, paths) {
      const file = options.records ? fileFor(server) : null;
      if (file === null) return;
      try {
        writePaths(options.directory, file, paths);
      } catch (error) {
        discard(temporary(file));
        const why = systemTrouble(error).why;
        options.warn(
          `The numbers of this listing cannot be remembered in ${options.directory} (${why}): name files by path.`,
        );
        return;
      }
      forgetOld(options.directory, (options.now ?? Date.now)() - KEPT_MS);
    },
  };
}

/** Keeps what this run has shown in memory, and uses `outer` besides. */
export function shownHere(outer: ShownListing): ShownListing {
  const here = new Map<string, readonly string[]>();
  return {
    recall: (server) => here.get(server) ?? outer.recall(server),
    record(server, paths) {
      here.set(server, paths);
      outer.record(server, paths);
    },
  };
}

const temporary = (file: string): string => `${file}.${process.pid}`;

function writePaths(directory: string, file: string, paths: readonly string[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  rmSync(temporary(file), { force: true });
  writeFileSync(temporary(file), JSON.stringify({ format: FORMAT, paths }), { mode: 0o600, flag: 'wx' });
  renameSync(temporary(file), file);
}

/** Removes what a failed write may have left; errors are ignored. */
function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // the directory is no directory, or is not ours to write
  }
}

/** A file that is missing, damaged or of another format counts as none. */
function readPaths(file: string): readonly string[] | null {
  try {
    const { format, paths } = JSON.parse(readFileSync(file, 'utf8')) as { format: unknown; paths: unknown };
    const sound = format === FORMAT && Array.isArray(paths) && paths.every((path) => typeof path === 'string');
    return sound ? paths : null;
  } catch {
    return null;
  }
}

/** Removes the files of terminals that ended long ago; errors are ignored. */
function forgetOld(directory: string, beforeMs: number): void {
  for (const name of namesIn(directory)) {
    const file = join(directory, name);
    try {
      if (OURS.test(name) && statSync(file).mtimeMs < beforeMs) rmSync(file, { force: true });
    } catch {
      // another run has removed it
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

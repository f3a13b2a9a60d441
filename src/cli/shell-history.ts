// The lines typed in earlier shells: a small, bounded file that only its owner can read. Its absence is not an error.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stateDirectory } from './shown-listing.js';

const MAX_LINES = 500;
const MAX_LINE_CHARS = 4_096;

interface History {
  /** The lines for readline, the latest first. */
  readonly options: {
    readonly history: string[];
    readonly historySize: number;
    readonly removeHistoryDuplicates: boolean;
  };
  /** Writes all lines in one step. */
  keep(lines: readonly string[]): void;
}

/** @returns the history in $XDG_STATE_HOME/lockstep; an empty one where there is none. */
export function openHistory(env: Readonly<Record<string, string | undefined>>): History {
  const directory = stateDirectory(env);
  const file = path.join(directory, 'history.json');
  return {
    options: { history: readLines(file), historySize: MAX_LINES, removeHistoryDuplicates: true },
    keep(lines) {
      const beside = `${file}.${process.pid}`;
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        rmSync(beside, { force: true });
        writeFileSync(beside, JSON.stringify(bounded(lines)), { mode: 0o600, flag: 'wx' });
        renameSync(beside, file);
      } catch {
        // A shell works without a history.
      }
    },
  };
}

const bounded = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.length <= MAX_LINE_CHARS).slice(0, MAX_LINES);

function readLines(file: string): string[] {
  try {
    const lines: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(lines) ? bounded(lines.filter((line) => typeof line === 'string')) : [];
  } catch {
    return []; // none yet, or not ours to read
  }
}

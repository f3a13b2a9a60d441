// Runs a program of the system and takes what it prints.
import { execFile, spawn } from 'node:child_process';
import { SyncError } from '../../core/errors.js';

/** Longer no program of the system takes to answer, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** What a program has printed, and how it ended. */
interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @returns null where there is no such program. */
export function tried(program: string, words: readonly string[]): Promise<Ran | null> {
  return new Promise((resolve) => {
    execFile(program, words, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') return resolve(null);
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
    });
  });
}

/** @throws SyncError `failed` with what the program said, where it is not there or fails. */
export async function done(program: string, words: readonly string[]): Promise<string> {
  const ran = await tried(program, words);
  if (ran?.code === 0) return ran.stdout;
  const line = [program, ...words].join(' ');
  const why = ran === null ? `there is no program ${program}` : lastLine(ran.stderr || ran.stdout);
  throw new SyncError('failed', `"${line}" failed: ${why === '' ? `exit code ${ran?.code}` : why}.`);
}

/** Runs a program on the terminal, or the streams, of this one. @returns its exit code. */
export function shown(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit' });
    child.once('error', () => reject(new SyncError('failed', `There is no program ${program} on this machine.`)));
    // A Ctrl-C ends both, and the log is no failure then.
    child.once('close', (code) => resolve(code ?? 0));
  });
}

export const lastLine = (text: string): string => (text.trim().split('\n').at(-1) ?? '').replace(/\.$/, '');

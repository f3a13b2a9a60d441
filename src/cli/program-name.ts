// How this program was called, so that messages name what a person can type: `client`, `lockstep`, or `npx client` where
// npx runs it. Nobody is told to use npx otherwise: outside the checkout it would fetch a stranger's package.
import path from 'node:path';

export interface ProgramNames {
  readonly client: string;
  readonly serverA: string;
  readonly serverB: string;
  /** The program that starts a pair, among others. */
  readonly lockstep: string;
  /** @returns the name of the remembered pair in whose directory the program was started; null where there is none. */
  readonly pairHere?: () => string | null;
}

/** The names where every program is installed under its own. */
export const PLAIN_NAMES: ProgramNames = {
  client: 'client',
  serverA: 'server-a',
  serverB: 'server-b',
  lockstep: 'lockstep',
};

const LOCKSTEP_NAMES: ProgramNames = {
  client: 'lockstep',
  serverA: 'lockstep serve a',
  serverB: 'lockstep serve b',
  lockstep: 'lockstep',
};

/**
 * @param program the path of the program that runs, as the system has it.
 * @param env what npm sets there for what npx runs.
 */
export function programNames(
  program: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ProgramNames {
  const names = /^lockstep\b/.test(path.basename(program ?? '')) ? LOCKSTEP_NAMES : PLAIN_NAMES;
  const isNpx = env.npm_command === 'exec' && env.npm_lifecycle_event === 'npx';
  return isNpx ? byNpx(names) : names;
}

const byNpx = ({ client, serverA, serverB, lockstep }: ProgramNames): ProgramNames => ({
  client: `npx ${client}`,
  serverA: `npx ${serverA}`,
  serverB: `npx ${serverB}`,
  lockstep: `npx ${lockstep}`,
});

/** @returns `text`, which advises to type `client …`, with the name that the client was called by. */
export const inTheirNames = (text: string, { client }: Pick<ProgramNames, 'client'>): string =>
  text.replace(/(^|["(]|: |with )client (?=[a-z-])/g, (_, before: string) => `${before}${client} `);

/**
 * @returns `message` with that name in the advice of a halt, and nowhere else: a message names files, and one may be called
 *   `client list.xlsx`.
 */
export const haltInTheirNames = (message: string, { client }: Pick<ProgramNames, 'client'>): string =>
  message.replace(/\bclient (?=resume --[a-z])/g, () => `${client} `);

/** @returns `text`, which advises to type `lockstep …`, with the name that it was called by. */
export const asCalled = (text: string, { lockstep }: Pick<ProgramNames, 'lockstep'>): string =>
  text.replace(/(^|["(]|: )lockstep (?=[a-z-])/g, (_, before: string) => `${before}${lockstep} `);

/** The words that may stand before a line of the shell: programs, as hints name them. */
const LINE_BEGINS = /^\s*(npx\s+)?(server|client|lockstep)(?=\s)/;

/** @returns the words of a line of the shell without the program before them. */
export function withoutProgram(words: readonly string[]): readonly string[] {
  const at = words[0] === 'npx' ? 1 : 0;
  return /^(server|client|lockstep)$/.test(words[at] ?? '') ? words.slice(at + 1) : words;
}

/** @returns the same of a line as it is typed. */
export const lineWithoutProgram = (line: string): string => line.replace(LINE_BEGINS, '');

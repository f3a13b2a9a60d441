// How this program was called, so that messages name what a person can type: `client`, `lockstep`, or `npx client` where
// npx runs it. Nobody is told to use npx otherwise: outside the checkout it would fetch a stranger's package.
import path from 'node:path';

export interface ProgramNames {
  readonly client: string;
  readonly serverA: string;
  readonly serverB: string;
}

/** The names where every program is installed under its own. */
export const PLAIN_NAMES: ProgramNames = { client: 'client', serverA: 'server-a', serverB: 'server-b' };

const LOCKSTEP_NAMES: ProgramNames = {
  client: 'lockstep',
  serverA: 'lockstep serve a',
  serverB: 'lockstep serve b',
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

const byNpx = ({ client, serverA, serverB }: ProgramNames): ProgramNames => ({
  client: `npx ${client}`,
  serverA: `npx ${serverA}`,
  serverB: `npx ${serverB}`,
});

/** @returns `text`, which advises to type `client …`, with the name that the client was called by. */
export const inTheirNames = (text: string, { client }: ProgramNames): string =>
  text.replace(/(^|["(]|: |with )client (?=[a-z-])/g, (_, before: string) => `${before}${client} `);

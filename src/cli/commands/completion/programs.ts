// The completions of what is no command of the client: the servers, and the programs that only `lockstep` has.
import path from 'node:path';
import type { Command } from 'commander';
import type { Env } from '../../context.js';
import { type Candidate, localFiles, optionCalled, optionsOf, plain, valuesOf } from './words.js';

/** The words that only `lockstep` has, with what they do. */
const OF_LOCKSTEP: readonly Candidate[] = [
  { value: 'up', note: 'keep two directories identical' },
  { value: 'serve', note: 'run server-a or server-b' },
  { value: 'service', note: 'keep a remembered pair running without a terminal' },
  { value: 'doctor', note: 'check what a pair needs of this machine' },
  { value: 'key', note: 'make a key that proves the name of a person' },
  { value: 'config', note: 'show every value and where it comes from' },
];

/**
 * @param words the words before the one that is completed, with the program's name.
 * @param word the beginning of that one.
 * @returns its completions; null where it belongs to a line of the client.
 */
export async function ofPrograms(words: readonly string[], word: string, env: Env): Promise<Candidate[] | null> {
  const [program = '', first, second, ...more] = words;
  const name = path.basename(program);
  const server = /^(?:lockstep-)?server-([ab])$/.exec(name)?.[1];
  if (server !== undefined) return ofServer(server as 'a' | 'b', words.slice(1), word);
  if (!name.startsWith('lockstep')) return null;
  if (first === 'config') return [];
  if (first === 'key') return second === undefined ? [plain('new')] : [];
  if (first === 'up') return ofUp(words.slice(2), word, env);
  if (first === 'service') return ofService(words.slice(2), word, env);
  if (first === 'doctor') return ofDoctor(words.slice(2), word, env);
  if (first !== 'serve') return null;
  if (second === undefined) return ['a', 'b'].map(plain);
  return second === 'a' || second === 'b' ? ofServer(second, more, word) : [];
}

/** @returns what the first word of a line of `program` can be besides a command of the client. */
export const firstWords = (program: string): readonly Candidate[] =>
  path.basename(program).startsWith('lockstep') ? OF_LOCKSTEP : [];

async function ofServer(which: 'a' | 'b', before: readonly string[], word: string): Promise<Candidate[]> {
  const { serverCommand } = await import('../../server/command.js');
  return (
    ofOptions(
      serverCommand(which, () => {}),
      before,
      word,
    ) ?? []
  );
}

async function ofUp(before: readonly string[], word: string, env: Env): Promise<Candidate[]> {
  const [{ upCommand }, { readPairs }] = await Promise.all([
    import('../../up/options.js'),
    import('../../up/config.js'),
  ]);
  const found = ofOptions(
    upCommand(() => {}),
    before,
    word,
  );
  if (found !== null) return found;
  const directories = localFiles(word).filter(({ value }) => value.endsWith('/'));
  return before.length > 0 ? directories : [...namesOf(() => readPairs(env)), ...directories];
}

async function ofService(before: readonly string[], word: string, env: Env): Promise<Candidate[]> {
  const [{ serviceCommand }, { readPairs }] = await Promise.all([
    import('../../service/command.js'),
    import('../../up/config.js'),
  ]);
  const { commands } = serviceCommand('lockstep', () => {}, null);
  const at = before.findIndex((one) => !one.startsWith('-'));
  const command = commands.find((one) => one.name() === before[at]);
  if (command === undefined)
    return at < 0 ? commands.map((one) => ({ value: one.name(), note: one.description() })) : [];
  const found = ofOptions(command, before.slice(at + 1), word);
  return found ?? (before.length > at + 1 ? [] : namesOf(() => readPairs(env)));
}

async function ofDoctor(before: readonly string[], word: string, env: Env): Promise<Candidate[]> {
  const [{ doctorCommand }, { readPairs }] = await Promise.all([
    import('../../doctor/command.js'),
    import('../../up/config.js'),
  ]);
  if (before.at(-1) === '--pair') return namesOf(() => readPairs(env));
  const found = ofOptions(
    doctorCommand('lockstep', () => {}),
    before,
    word,
  );
  return found ?? localFiles(word).filter(({ value }) => value.endsWith('/'));
}

/** A file of pairs that cannot be read has no names to offer. */
function namesOf(read: () => ReadonlyMap<string, unknown>): Candidate[] {
  try {
    return [...read().keys()].map((value) => ({ value, note: 'a remembered pair' }));
  } catch {
    return [];
  }
}

/** @returns options, or the values of the last one; null where another word is due. */
function ofOptions(command: Command, before: readonly string[], word: string): Candidate[] | null {
  const last = optionCalled(before.at(-1) ?? '', command, command);
  if (last?.required) return valuesOf(last, word);
  return word.startsWith('-') ? optionsOf(null, command).map(plain) : null;
}

// One table of config.toml whose keys are the options of a program: what each gives, and where that stands.
import type { Command } from 'commander';
import { type Env, type FileTable, type FileValue, NO_TABLE } from '../context.js';
import { usageError } from '../report-error.js';
import { inHome, readConfig, type TableName } from './file.js';
import { placeIn } from './place.js';

/** What an option takes. */
export type Kind = 'text' | 'switch' | 'list';

/** @returns what each option of a program takes, but those that only print. */
export function kindsOf(command: Command): ReadonlyMap<string, Kind> {
  const own = command.options.filter(({ long }) => long !== '--version' && long !== '--stdio');
  return new Map(
    own.map((option) => {
      const kind = !option.required && !option.optional ? 'switch' : option.parseArg === undefined ? 'text' : 'list';
      return [option.long!.slice(2), kind];
    }),
  );
}

/**
 * @param kinds returns what can stand in it; called only where there is the table.
 * @throws SyncError `usage`, naming the file and the line.
 */
export function readTable(
  env: Env,
  name: Exclude<TableName, 'pairs'>,
  kinds: () => ReadonlyMap<string, Kind>,
): FileTable {
  const config = readConfig(env);
  const given = config?.tables[name];
  if (config === null || given === undefined) return NO_TABLE;
  const placeOf = (key: string) => placeIn(config.file, config.content, name, key);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw usageError(`${placeOf('')}: ${name} must be a table.`, `Write [${name}] on a line, and options below it.`);
  const known = kinds();
  const values = Object.entries(given).map(([key, value]): [string, FileValue] => {
    const place = placeOf(key);
    const kind = known.get(key);
    if (kind === undefined) throw usageError(`${place} has an unknown key ${name}.${key}.`, OPTIONS);
    const texts = textsOf(value, kind);
    if (texts === null) throw usageError(`${place}: ${name}.${key} must be ${WANTED[kind]}.`, OPTIONS);
    return [key, { texts: texts.map((text) => inHome(env, key, text)), from: `${place}: ${key}`, place }];
  });
  return new Map(values);
}

const OPTIONS = 'The keys are the options of the program without their dashes.';

const WANTED: Readonly<Record<Kind, string>> = {
  text: 'a text or a number',
  switch: 'true or false',
  list: 'a text or a list of texts',
};

function textsOf(value: unknown, kind: Kind): readonly string[] | null {
  if (kind === 'switch') return typeof value === 'boolean' ? [value ? '1' : '0'] : null;
  if (kind === 'list' && Array.isArray(value)) return value.every((one) => typeof one === 'string') ? value : null;
  return typeof value === 'string' || (kind === 'text' && typeof value === 'number') ? [String(value)] : null;
}

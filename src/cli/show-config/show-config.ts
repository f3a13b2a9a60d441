// The program `lockstep config`: every value that the programs would use here, and where it comes from.
import { DEFAULT_SERVER } from '../../client/server-address.js';
import { defaultUser } from '../../client/user-name.js';
import { configFile } from '../config/file.js';
import { kindsOf, readTable } from '../config/table.js';
import type { FileTable } from '../context.js';
import { errorObject, errorText } from '../error-text.js';
import { exitCodeOf } from '../exit-codes.js';
import { nameInKey } from '../key/name-in-key.js';
import { nearbyPair } from '../nearby-pair.js';
import { clientKinds } from '../program/program.js';
import { asCalled, programNames } from '../program-name.js';
import { tableLines } from '../render/table.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { serverCommand } from '../server/command.js';
import { placeOf, readPairs } from '../up/config.js';

/** A value, and where it comes from. */
interface Value {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

/** What is shown for a value that there is not. */
const NONE = '';

type Found = Omit<Value, 'name'>;

/** Where a server is named, only it can tell. */
const SIDE_OF_SERVER = 'that of the server';
const DEFAULT_SSH: Found = { value: 'ssh', from: 'default' };

const HELP = `Usage: lockstep config [--json]

Every value that the programs would use here, and where it comes from: a
variable, the pair of this directory, a line of config.toml, or the default.
An option goes before all of them. --json also names the path of config.toml.
`;

const { env, argv } = process;
const called = (text: string): string => asCalled(text, programNames(argv[1], env));
try {
  const words = argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) process.stdout.write(called(HELP));
  else show(words);
} catch (error) {
  process.stderr.write(`${errorText(errorObject(error))}\n`);
  process.exitCode = exitCodeOf(error);
}

/** @throws SyncError `usage`. */
function show(words: readonly string[]): void {
  const isJson = words.includes('--json');
  const unknown = words.find((word) => word !== '--json');
  if (unknown !== undefined)
    throw usageError(`config takes no "${unknown}".`, called('Try "lockstep config", or with --json.'));
  const values = [...clientValues(), ...serverValues('a'), ...serverValues('b'), ...pairValues()];
  process.stdout.write(isJson ? `${JSON.stringify({ file: configFile(env), values })}\n` : text(values));
}

function text(values: readonly Value[]): string {
  const rows = values.map(({ name, value, from }) => [
    shownName(name),
    value === NONE ? '(none)' : shownName(value),
    shownName(from),
  ]);
  return `${tableLines([{ title: 'name' }, { title: 'value' }, { title: 'from' }], rows).join('\n')}\n`;
}

/** What the client uses where no option says otherwise. */
function clientValues(): Value[] {
  const file = readTable(env, 'client', clientKinds);
  const nearby = env.LOCKSTEP_SERVER ? null : nearbyPair(process.cwd());
  const found = (value: string | undefined): Found | null =>
    value === undefined ? null : { value, from: 'the pair of this directory' };
  const row = (name: string, variable: string, key: string, before: Found | null, otherwise: string): Value => {
    const set = env[variable];
    if (set) return { name, value: set, from: variable };
    return { name, ...(before ?? inTable(file, key) ?? { value: otherwise, from: 'default' }) };
  };
  return [
    row('server', 'LOCKSTEP_SERVER', 'server', found(nearby?.address), DEFAULT_SERVER),
    ...shownOnly(file, 'pair'),
    row('user', 'LOCKSTEP_USER', 'as', nameOfKey(file), defaultUser()),
    row('side', 'LOCKSTEP_SIDE', 'side', found(nearby?.side), SIDE_OF_SERVER),
    row('secret-file', 'LOCKSTEP_SECRET_FILE', 'secret-file', null, NONE),
    row('allow-local', 'LOCKSTEP_ALLOW_LOCAL', 'allow-local', null, 'off'),
    ...shownOnly(file, 'color'),
    ...shownOnly(file, 'json'),
    { name: 'ssh', ...(env.LOCKSTEP_SSH ? { value: env.LOCKSTEP_SSH, from: 'LOCKSTEP_SSH' } : DEFAULT_SSH) },
  ];
}

function shownOnly(file: FileTable, name: string): Value[] {
  const value = inTable(file, name);
  return value === null ? [] : [{ name, ...value }];
}

function inTable(file: FileTable, name: string): Found | null {
  const given = file.get(name);
  return given === undefined ? null : { value: given.texts.join(', '), from: given.place };
}

/** The name that the key proves, where the variable or the file names one. */
function nameOfKey(table: FileTable): Found | null {
  const file = env.LOCKSTEP_SECRET_FILE || table.get('secret-file')?.texts[0];
  const name = file ? nameInKey(file) : undefined;
  return name === undefined ? null : { value: name, from: 'the key' };
}

/** Every option of a server: the variable, else the file, else the default. */
function serverValues(which: 'a' | 'b'): Value[] {
  const command = serverCommand(which, () => {});
  const kinds = kindsOf(command);
  const file = readTable(env, `server-${which}`, () => kinds);
  return command.options.flatMap(({ long, description }) => {
    const option = long!.slice(2);
    if (!kinds.has(option)) return [];
    const variable = `LOCKSTEP_${which.toUpperCase()}_${option.replaceAll('-', '_').toUpperCase()}`;
    const set = env[variable];
    const name = `server-${which} ${long}`;
    if (set) return [{ name, value: set, from: variable }];
    const [, stated] = /\(default: ([^()]+)\)$/.exec(description) ?? [];
    const otherwise = stated ?? (kinds.get(option) === 'switch' ? 'off' : NONE);
    return [{ name, ...(inTable(file, option) ?? { value: otherwise, from: 'default' }) }];
  });
}

function pairValues(): Value[] {
  return [...readPairs(env)].flatMap(([pair, values]) =>
    Object.entries(values).map(([name, value]) => ({
      name: `${pair}.${name}`,
      value: [value].flat().join(', '),
      from: placeOf(env, pair, name),
    })),
  );
}

// The program `lockstep config`: every value that the programs would use here, and where it comes from.
import { DEFAULT_SERVER } from '../../client/server-address.js';
import { defaultUser } from '../../client/user-name.js';
import { errorObject, errorText } from '../error-text.js';
import { exitCodeOf } from '../exit-codes.js';
import { nameInKey } from '../key/name-in-key.js';
import { nearbyPair } from '../nearby-pair.js';
import { asCalled, programNames } from '../program-name.js';
import { tableLines } from '../render/table.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { configFile, readPairs } from './config.js';

/** A value, and where it comes from. */
interface Value {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

/** What is shown for a value that there is not. */
const NONE = '';

const HELP = `Usage: lockstep config [--json]

Every value that the programs would use here, and where it comes from: an
option, a variable, the pair of this directory, or the default. Remembered
pairs stand in config.toml, whose path --json names.
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
  const values = [...clientValues(), ...variables(), ...pairValues()];
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
  const nearby = nearbyPair(process.cwd());
  const found = (value: string) => ({ value, from: 'the pair of this directory' });
  const fallback = (value: string) => ({ value, from: 'default' });
  return [
    chosen('server', 'LOCKSTEP_SERVER', nearby === null ? fallback(DEFAULT_SERVER) : found(nearby.address)),
    chosen('user', 'LOCKSTEP_USER', nameOfKey() ?? fallback(defaultUser())),
    chosen('side', 'LOCKSTEP_SIDE', nearby === null ? fallback('a') : found(nearby.side)),
    chosen('secret-file', 'LOCKSTEP_SECRET_FILE', fallback(NONE)),
    chosen('ssh', 'LOCKSTEP_SSH', fallback('ssh')),
  ];
}

/** The name that the key proves, where the variable names one. */
function nameOfKey(): Omit<Value, 'name'> | null {
  const file = env.LOCKSTEP_SECRET_FILE;
  const name = file ? nameInKey(file) : undefined;
  return name === undefined ? null : { value: name, from: 'the key' };
}

function chosen(name: string, variable: string, otherwise: Omit<Value, 'name'>): Value {
  const set = env[variable];
  return set ? { name, value: set, from: variable } : { name, ...otherwise };
}

/** The variables of the servers that are set. */
function variables(): Value[] {
  return Object.entries(env)
    .filter(([name, value]) => /^LOCKSTEP_[AB]_/.test(name) && value)
    .map(([name, value]) => ({ name: optionOf(name), value: value!, from: name }))
    .sort((x, y) => (x.from < y.from ? -1 : 1));
}

/** `LOCKSTEP_A_KEEP_VERSIONS` is the option `server-a --keep-versions`. */
function optionOf(variable: string): string {
  const [, side, ...words] = variable.split('_');
  return `server-${side!.toLowerCase()} --${words.join('-').toLowerCase()}`;
}

function pairValues(): Value[] {
  const file = configFile(env);
  return [...readPairs(env)].flatMap(([pair, values]) =>
    Object.entries(values).map(([name, value]) => ({
      name: `${pair}.${name}`,
      value: [value].flat().join(', '),
      from: file,
    })),
  );
}

// The pairs that `lockstep up --name NAME` remembers: $XDG_CONFIG_HOME/lockstep/config.toml, a table [pairs.NAME] each.
// The file belongs to people: it is added to, and what they wrote in it stays as it is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse, stringify, TomlError } from 'smol-toml';
import * as v from 'valibot';
import type { SyncError } from '../../core/errors.js';
import { quote } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';
import { placeIn } from './config-place.js';

const text = v.string();
const onOff = v.boolean();

/** What can be remembered of a pair: its directories, and the options of `lockstep up` by their names. */
const pairSchema = v.strictObject({
  dir: v.pipe(text, v.nonEmpty()),
  other: v.pipe(text, v.nonEmpty()),
  'name-a': v.exactOptional(text),
  'name-b': v.exactOptional(text),
  ssh: v.exactOptional(text),
  remote: v.exactOptional(text),
  port: v.exactOptional(v.pipe(v.union([v.number(), text]), v.transform(String))),
  ignore: v.exactOptional(v.array(text)),
  'ignore-set': v.exactOptional(v.array(text)),
  web: v.exactOptional(v.pipe(v.union([v.number(), text]), v.transform(String))),
  'web-cert': v.exactOptional(text),
  'web-key': v.exactOptional(text),
  'metrics-token-file': v.exactOptional(text),
  guard: v.exactOptional(onOff),
  'on-event': v.exactOptional(text),
  'auto-lock': v.exactOptional(text),
  'auto-lock-grace': v.exactOptional(text),
  'show-locks': v.exactOptional(text),
  rescan: v.exactOptional(text),
  'keep-versions': v.exactOptional(text),
  'versions-share': v.exactOptional(text),
  limit: v.exactOptional(text),
  'no-fsync': v.exactOptional(onOff),
  log: v.exactOptional(text),
  verbose: v.exactOptional(onOff),
  quiet: v.exactOptional(onOff),
});
const configSchema = v.strictObject({ pairs: v.exactOptional(v.record(text, pairSchema), {}) });

/** A remembered pair. */
export type RememberedPair = v.InferOutput<typeof pairSchema>;

/** @returns the path of the file, whether it is there or not. */
export function configFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || os.homedir(), '.config');
  return path.join(base, 'lockstep', 'config.toml');
}

/**
 * @returns the remembered pairs by name; none where there is no file.
 * @throws SyncError `usage`, naming the file and the line or the key.
 */
export function readPairs(env: Env): ReadonlyMap<string, RememberedPair> {
  const file = configFile(env);
  const content = contentOf(file);
  if (content === null) return new Map();
  const checked = v.safeParse(configSchema, parsed(file, content));
  if (checked.success) return new Map(Object.entries(checked.output.pairs));
  const [issue] = checked.issues;
  const key = v.getDotPath(issue) ?? '';
  const [first = '', pair = first, name = ''] = (issue.path ?? []).map((item) => String(item.key));
  const where = placeIn(file, content, pair, name);
  throw usageError(
    issue.expected === 'never' ? `${where} has an unknown key ${key}.` : `${where}: ${key} is wrong: ${issue.message}.`,
    'What can stand there is in docs/lockstep.md.',
  );
}

/** @returns where the value `name` of a pair stands: `FILE, line N`. */
export function placeOf(env: Env, pair: string, name: string): string {
  const file = configFile(env);
  return placeIn(file, contentOf(file) ?? '', pair, name);
}

/** @returns the remembered pair `name`. @throws SyncError `usage` where there is none. */
export function pairNamed(env: Env, name: string): RememberedPair {
  const pairs = readPairs(env);
  const pair = pairs.get(name);
  if (pair !== undefined) return pair;
  const names = [...pairs.keys()];
  const hint =
    names.length === 0 ? 'Remember one with: lockstep up --name NAME DIR OTHER' : `There is: ${names.join(', ')}.`;
  throw usageError(`There is no pair ${name}.`, hint);
}

/**
 * Adds a pair to the file.
 * @returns whether it was not there already.
 * @throws SyncError `usage` where the name cannot be one, has another pair, or the file cannot be written.
 */
export function rememberPair(env: Env, name: string, pair: RememberedPair): boolean {
  if (!isName(name)) throw usageError(`${quote(name)} cannot be the name of a pair.`, 'Use letters, digits, - and _.');
  const file = configFile(env);
  const known = readPairs(env).get(name);
  if (known !== undefined) {
    if (isSame(known, pair)) return false;
    throw usageError(
      `There is another pair ${name} already: ${known.dir} and ${known.other}.`,
      `Choose another name, or change it in ${file}.`,
    );
  }
  const before = contentOf(file) ?? '';
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  write(file, `${before}${gap}${stringify({ pairs: { [name]: pair } })}`);
  return true;
}

/** @returns whether `word` is written like the name of a pair, and not like a directory. */
export const isName = (word: string): boolean => /^[\p{L}\p{N}][\p{L}\p{N}_-]*$/u.test(word);

const isSame = (a: RememberedPair, b: RememberedPair): boolean => stringify(sorted(a)) === stringify(sorted(b));

const sorted = (pair: RememberedPair): object => Object.fromEntries(Object.entries(pair).sort());

function contentOf(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw notUsable(file, 'read', error);
  }
}

function parsed(file: string, content: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw usageError(`${file}, line ${error.line}: ${what}.`, 'Mend that line, or take it out.');
  }
}

function write(file: string, content: string): void {
  const beside = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(beside, content, { flag: 'wx' });
    fs.renameSync(beside, file);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw notUsable(file, 'written', error);
  }
}

const notUsable = (file: string, how: string, error: unknown): SyncError =>
  usageError(`${file} cannot be ${how}: ${systemTrouble(error as NodeJS.ErrnoException).why}.`);

// The pairs that `lockstep up --name NAME` remembers: a table [pairs.NAME] each in config.toml.
import { stringify } from 'smol-toml';
import * as v from 'valibot';
import { quote } from '../../core/path.js';
import { configFile, contentOf, inHome, readConfig, writeConfig } from '../config/file.js';
import { placeIn } from '../config/place.js';
import type { Env } from '../context.js';
import { usageError } from '../report-error.js';

const text = v.string();
const onOff = v.boolean();

/** What can be remembered of a pair: its directories, and the options of `lockstep up` by their names. */
const pairSchema = v.strictObject({
  dir: v.pipe(text, v.nonEmpty()),
  other: v.pipe(text, v.nonEmpty()),
  'name-a': v.exactOptional(text),
  'name-b': v.exactOptional(text),
  create: v.exactOptional(onOff),
  yes: v.exactOptional(onOff),
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

/**
 * @returns the remembered pairs by name; none where there is no file.
 * @throws SyncError `usage`, naming the file and the line or the key.
 */
export function readPairs(env: Env): ReadonlyMap<string, RememberedPair> {
  const config = readConfig(env);
  if (config === null) return new Map();
  const { file, content } = config;
  const { pairs } = config.tables;
  const checked = v.safeParse(configSchema, pairs === undefined ? {} : { pairs });
  if (checked.success)
    return new Map(Object.entries(checked.output.pairs).map(([name, pair]) => [name, withPaths(env, pair)]));
  const [issue] = checked.issues;
  const key = v.getDotPath(issue) ?? '';
  const [first = '', pair = first, name = ''] = (issue.path ?? []).map((item) => String(item.key));
  const where = placeIn(file, content, `pairs.${pair}`, name);
  throw usageError(
    issue.expected === 'never' ? `${where} has an unknown key ${key}.` : `${where}: ${key} is wrong: ${issue.message}.`,
    'What can stand there is in docs/lockstep.md.',
  );
}

const withPaths = (env: Env, pair: RememberedPair): RememberedPair =>
  Object.fromEntries(
    Object.entries(pair).map(([key, value]) => [key, typeof value === 'string' ? inHome(env, key, value) : value]),
  ) as RememberedPair;

/** @returns where the value `name` of a pair stands: `FILE, line N`. */
export function placeOf(env: Env, pair: string, name: string): string {
  const file = configFile(env);
  return placeIn(file, contentOf(file) ?? '', `pairs.${pair}`, name);
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
  writeConfig(file, `${before}${gap}${stringify({ pairs: { [name]: pair } })}`);
  return true;
}

/** @returns whether `word` is written like the name of a pair, and not like a directory. */
export const isName = (word: string): boolean => /^[\p{L}\p{N}][\p{L}\p{N}_-]*$/u.test(word);

const isSame = (a: RememberedPair, b: RememberedPair): boolean => stringify(sorted(a)) === stringify(sorted(b));

const sorted = (pair: RememberedPair): object => Object.fromEntries(Object.entries(pair).sort());

// The actions of the menu: each asks for what is missing and then runs the corresponding line of the client. The line
// reports its errors; where a file exists already, the menu asks whether to overwrite it and tries again.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { addressText } from '../../client/server-address.js';
import { SyncError } from '../../core/errors.js';
import type { ListEntry } from '../../wire/client-api/methods.js';
import type { CommandContext, Io } from '../context.js';
import { exitCodeFor } from '../exit-codes.js';
import { stateText } from '../render/entry-state.js';
import { lockReason } from '../render/lock-words.js';
import { minuteText } from '../render/time.js';
import { shownName } from '../render/width.js';
import { splitLine } from '../shell-words.js';
import { oneTarget } from '../target/one-target.js';
import { pairPath, renamedPath } from '../target/target.js';
import { type Asker, BACK, type Choice } from './asker.js';

/** Whether the menu continues, or the input has ended. */
export type Went = 'on' | 'ended';

export interface Menu {
  readonly context: CommandContext;
  /** The Io of the lines: it stores the listing that the menu showed. */
  readonly io: Io;
  readonly asker: Asker;
}

type Action = (menu: Menu) => Promise<Went>;

const EXISTS = exitCodeFor('exists');

const run = (menu: Menu, ...words: string[]): Promise<number> => runOn(menu, menu.io, words);

function runOn(menu: Menu, io: Io, words: readonly string[]): Promise<number> {
  menu.context.flush();
  return menu.context.commandLine.run(words, io, menu.context.globals);
}

async function list(menu: Menu): Promise<Went> {
  await run(menu, 'list');
  return 'on';
}

async function lock(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Lock which file?', () => choices(menu, false));
  return withAnswer(menu, target, (file) => run(menu, 'lock', '--', file));
}

async function unlock(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Unlock which file?', () => choices(menu, true));
  return withAnswer(menu, target, (file) => run(menu, 'unlock', '--', file));
}

async function upload(menu: Menu): Promise<Went> {
  const more = { message: 'Its name in the pair', initial: (file: string) => path.basename(file) };
  const objection = (file: string) =>
    existsSync(inHome(menu, file)) ? undefined : 'There is no such file on this machine.';
  const words = await menu.asker.words({ message: 'Upload which file of this machine?', objection }, more);
  return withAnswer(menu, words, (given) =>
    orOverwrite(
      menu,
      'upload',
      given.map((word, i) => (i === 0 ? inHome(menu, word) : word)),
      given[1] ?? path.basename(given[0] ?? ''),
    ),
  );
}

async function download(menu: Menu): Promise<Went> {
  const { asker } = menu;
  if (!asker.isPerson) return downloadLine(menu);
  const target = await asker.pick('Download which file?', () => choices(menu, false));
  return withAnswer(menu, target, async (file) => {
    const entry = await standing(menu, file);
    const initial = `./${path.posix.basename(entry?.path ?? file)}`;
    const words = await asker.words({ message: 'Where to on this machine', initial }, null);
    return withAnswer(menu, words, ([to = '']) => downloadTo(menu, [wordFor(entry, file), inHome(menu, to)]));
  });
}

/** A script names the file and, where it wants to, the place in one line. */
async function downloadLine(menu: Menu): Promise<Went> {
  const line = await menu.asker.pick('Download which file, and perhaps where to?', () => choices(menu, false));
  return withAnswer(menu, line, async (given) => {
    const words = splitLine(given).words;
    // A name with spaces needs no quotes where it is the whole line.
    const isName = words.length < 2 || (await choices(menu, false)).some(({ target }) => target === given.trim());
    await downloadTo(menu, isName ? [given] : words.map((word, i) => (i === 0 ? word : inHome(menu, word))));
  });
}

const downloadTo = (menu: Menu, words: readonly string[]): Promise<void> =>
  orOverwrite(menu, 'download', words, words[1] ?? 'the file of that name on this machine');

async function remove(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Delete which file?', () => choices(menu, false));
  return withAnswer(menu, target, async (file) => {
    const entry = await standing(menu, file, 'changed');
    const name = shownName(entry?.path ?? file);
    const agreed = await menu.asker.agrees(`Delete ${name} on both sides? It is kept among the versions.`, 'delete');
    if (agreed) await run(menu, 'delete', '--', wordFor(entry, file));
    else menu.asker.unchanged();
  });
}

async function rename(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Rename which file?', () => choices(menu, false));
  return withAnswer(menu, target, async (file) => {
    const entry = await standing(menu, file, 'changed');
    const from = shownName(entry?.path ?? file);
    const message = `New path of ${from}, from the top of the pair`;
    const initial = entry?.path ?? file.replace(/^\.\//, '');
    const words = await menu.asker.words({ message, initial }, null);
    return withAnswer(menu, words, async ([name = '']) => {
      // A script may have given an index, which has no name here.
      const isUnknown = entry === null && /^\d+$/.test(file);
      const to = isUnknown ? name : renamedPath(entry?.path ?? pairPath(file), name);
      const agreed = await menu.asker.agrees(`Rename ${from} to ${shownName(to)}?`, 'rename');
      if (agreed) await orOverwrite(menu, 'rename', [wordFor(entry, file), name], to);
      else menu.asker.unchanged();
    });
  });
}

/**
 * Looks at a file before a person is asked more about it. A script is not told before its command is: its lines keep
 * their meaning.
 * @param use whether it is only read.
 * @returns its row; null for a script.
 * @throws SyncError `not-found`; `locked` where it is to be changed and another holds it.
 */
async function standing(menu: Menu, file: string, use: 'read' | 'changed' = 'read'): Promise<ListEntry | null> {
  if (!menu.asker.isPerson) return null;
  const context = { ...menu.context, shown: menu.io.shown };
  const api = await context.api();
  const { entries } = await api.list();
  const target = await oneTarget(context, file, async () => entries.map(({ path: at }) => at));
  const entry = entries.find((one) => ('path' in target ? one.path === target.path : one.index === target.index));
  if (entry === undefined) {
    const at = 'path' in target ? target.path : file;
    throw new SyncError('not-found', `There is no file "${shownName(at)}".`);
  }
  if (use === 'changed' && entry.lock !== null && entry.lock.owner !== api.user) throw lockedByOther(entry);
  return entry;
}

/** @returns the word for the file that was looked at, or what a script has typed. */
const wordFor = (entry: ListEntry | null, typed: string): string => (entry === null ? typed : asTarget(entry.path));

/** A name of digits gets `./` before it, so that it is no number of the listing. */
const asTarget = (name: string): string => (/^\d+$/.test(name) ? `./${name}` : name);

function lockedByOther({ path: at, lock: held }: ListEntry): SyncError {
  const { owner, since } = held!;
  const reason = lockReason(held!);
  const why = reason === '' ? '' : held!.kind === 'auto' ? ` (${reason})` : ` ("${reason}")`;
  return new SyncError(
    'locked',
    `"${shownName(at)}" is locked by ${shownName(owner)} since ${minuteText(since)}${why}; nothing was changed.`,
    { hint: 'Wait until it is unlocked.' },
  );
}

/** The choices in the order of their numbers, without the last one, which quits. */
export const ACTIONS: readonly (readonly [name: string, action: Action])[] = [
  ['list', list],
  ['lock', lock],
  ['unlock', unlock],
  ['upload', upload],
  ['download', download],
  ['delete', remove],
  ['rename', rename],
];

/** Continues with the answer; a person who goes back is in the menu again. */
async function withAnswer<T>(
  menu: Menu,
  answer: T | typeof BACK | null,
  act: (given: T) => Promise<unknown>,
): Promise<Went> {
  if (answer === null) return 'ended';
  if (answer === BACK) {
    menu.asker.unchanged();
    return 'on';
  }
  return (await act(answer as T)) === 'ended' ? 'ended' : 'on';
}

async function orOverwrite(menu: Menu, command: string, words: readonly string[], what: string): Promise<void> {
  const code = await runOn(menu, { ...menu.io, asksToOverwrite: true }, [command, '--', ...words]);
  if (code !== EXISTS) return;
  menu.context.flush();
  const agreed = await menu.asker.agrees(`Overwrite ${shownName(what)}?`, 'overwrite');
  if (agreed) await run(menu, command, '--overwrite', '--', ...words);
  else menu.asker.unchanged();
}

/** Expands `~/`, which a shell would do, but here no shell reads the word. */
const inHome = ({ context }: Menu, word: string): string =>
  word.startsWith('~/') && context.env.HOME ? path.join(context.env.HOME, word.slice(2)) : word;

/** @returns the files to pick from, with the indexes of the listing shown here. */
async function choices({ io, context }: Menu, locked: boolean): Promise<readonly Choice[]> {
  const { entries } = await (await context.api()).list();
  const server = addressText(context.server);
  if (io.shown.recall(server) === null)
    io.shown.record(
      server,
      entries.map((entry) => entry.path),
    );
  const numbers = new Map((io.shown.recall(server) ?? []).map((name, index) => [name, String(index)]));
  const some = locked ? entries.filter(({ lock: held }) => held !== null) : entries;
  if (some.length === 0) context.out(locked ? 'No file is locked.\n' : 'There is no file yet.\n');
  return some.map((entry) => ({
    target: asTarget(entry.path),
    index: numbers.get(entry.path) ?? '',
    name: shownName(entry.path),
    note: stateText(entry),
  }));
}

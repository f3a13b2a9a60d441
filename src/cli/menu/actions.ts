// The actions of the menu: each asks for what is missing and then runs the corresponding line of the client. The line
// reports its errors; where a file exists already, the menu asks whether to overwrite it and tries again.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { addressText } from '../../client/server-address.js';
import type { CommandContext, Io } from '../context.js';
import { exitCodeFor } from '../exit-codes.js';
import { stateText } from '../render/entry-state.js';
import { shownName } from '../render/width.js';
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
    existsSync(homeless(menu)(file, 0)) ? undefined : 'There is no such file on this machine.';
  const words = await menu.asker.words({ message: 'Upload which file of this machine?', objection }, more);
  return withAnswer(menu, words, (given) =>
    orOverwrite(menu, 'upload', given.map(homeless(menu)), given[1] ?? path.basename(given[0] ?? '')),
  );
}

async function download(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Download which file?', () => choices(menu, false));
  return withAnswer(menu, target, (file) =>
    orOverwrite(menu, 'download', [file], 'the file of that name on this machine'),
  );
}

async function remove(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Delete which file?', () => choices(menu, false));
  return withAnswer(menu, target, async (file) => {
    const name = shownName(file);
    const agreed = await menu.asker.agrees(`Delete ${name} on both sides? It is kept among the versions.`, 'delete');
    if (agreed) await run(menu, 'delete', '--', file);
    else menu.asker.unchanged();
  });
}

async function rename(menu: Menu): Promise<Went> {
  const target = await menu.asker.pick('Rename which file?', () => choices(menu, false));
  return withAnswer(menu, target, async (file) => {
    const from = shownName(file);
    const message = `New path of ${from}, from the top of the pair`;
    const words = await menu.asker.words({ message, initial: file.replace(/^\.\//, '') }, null);
    return withAnswer(menu, words, async ([name = '']) => {
      // A script may have given an index, which has no name here.
      const to = /^\d+$/.test(file) ? name : renamedPath(pairPath(file), name);
      const agreed = await menu.asker.agrees(`Rename ${from} to ${shownName(to)}?`, 'rename');
      if (agreed) await orOverwrite(menu, 'rename', [file, name], to);
      else menu.asker.unchanged();
    });
  });
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
const homeless =
  ({ context }: Menu) =>
  (word: string, i: number): string =>
    i === 0 && word.startsWith('~/') && context.env.HOME ? path.join(context.env.HOME, word.slice(2)) : word;

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
    target: /^\d+$/.test(entry.path) ? `./${entry.path}` : entry.path,
    index: numbers.get(entry.path) ?? '',
    name: shownName(entry.path),
    note: stateText(entry),
  }));
}

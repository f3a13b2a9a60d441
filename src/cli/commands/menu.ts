// `client menu`: numbered choices for people, and for scripts that give one line for each answer. After each choice,
// also a failed one, the menu is shown again.

import type { CommandContext } from '../context.js';
import { EXIT_INTERRUPTED, EXIT_OK } from '../exit-codes.js';
import { ACTIONS, type Menu, type Went } from '../menu/actions.js';
import { type Asker, BACK } from '../menu/asker.js';
import { isDumb } from '../render/colors.js';
import { widthOf } from '../render/width.js';
import { reportError, usageError } from '../report-error.js';
import { shownHere } from '../shown-listing.js';

const QUIT = ACTIONS.length + 1;

export async function menu(context: CommandContext): Promise<number> {
  const asker = await askerFor(context);
  const here: Menu = { context, io: { ...context, readsLines: true, shown: shownHere(context.shown) }, asker };
  const text = menuText(context);
  try {
    for (;;) {
      context.flush();
      const typed = await asker.choice(text);
      if (typed === BACK) return EXIT_INTERRUPTED;
      if (typed === null || (await answer(here, typed)) === 'ended') return EXIT_OK;
    }
  } finally {
    asker.close();
  }
}

async function askerFor(context: CommandContext): Promise<Asker> {
  const people = context.stdinIsTerminal && context.stdoutIsTerminal;
  if (people && isDumb(context.env)) {
    const { plainAsker } = await import('../menu/plain-asker.js');
    return plainAsker(context.stdin(), (text) => {
      context.out(text);
      context.flush();
    });
  }
  if (people)
    return (await import('../menu/people-asker.js')).peopleAsker(process.stdin, process.stdout, context.signal);
  const { lineAsker } = await import('../menu/line-asker.js');
  return lineAsker(context.stdin(), context.json ? () => {} : (text) => context.out(text));
}

/** @returns the choices in as few lines as the window allows. */
function menuText({ colors, columns = 80 }: CommandContext): string {
  const names = [...ACTIONS.map(([name]) => name), 'quit'];
  let text = '';
  let width = 0;
  for (const [i, name] of names.entries()) {
    const plain = `${i + 1} ${name}`;
    const gap = i === 0 ? '' : width + 2 + widthOf(plain) < columns ? '  ' : '\n';
    width = gap === '\n' ? plain.length : width + gap.length + plain.length;
    text += `${gap}${colors.bold(String(i + 1))} ${name}`;
  }
  return `\n${text}\nType a number: `;
}

async function answer(menu: Menu, typed: string): Promise<Went> {
  const word = typed.trim().toLowerCase();
  if (word === '') return 'on';
  if (word === String(QUIT) || word === 'quit' || word === 'exit' || word === 'q') return 'ended';
  const found = ACTIONS.find(([name], i) => word === name || word === String(i + 1));
  try {
    if (found === undefined) throw usageError(`The menu has no "${typed.trim()}".`, `Type a number from 1 to ${QUIT}.`);
    return await found[1](menu);
  } catch (error) {
    reportError(menu.context, error);
    return 'on';
  }
}

// `client ask TARGET…`: asks the holders of locks to unlock them.
import type { AskOptions } from '../../client/client.js';
import type { Acted } from '../../wire/client-api/methods.js';
import { adviceText } from '../../wire/frame/advice-text.js';
import type { Api, CommandContext } from '../context.js';
import { shownName } from '../render/width.js';
import { actOn } from '../target/act-on-targets.js';
import type { Known } from '../target/target.js';

export async function ask(context: CommandContext, targets: readonly string[], options: AskOptions): Promise<number> {
  const api = await context.api();
  return actOn(context, targets, {
    known: () => knownTo(api, context.user),
    act: (wanted) => api.ask(wanted, options),
    say: (acted) => askedText(acted, context),
  });
}

/** A glob means the files that others have locked; only if there are none, all files, so that the answer names them. */
async function knownTo(api: Api, user: string): Promise<Known> {
  const [{ locks }, { entries }] = await Promise.all([api.locks(), api.list()]);
  return [locks.filter(({ owner }) => owner !== user).map(({ path }) => path), entries.map(({ path }) => path)];
}

function askedText({ path: at, changed, owner: holder, agoMs }: Acted, { user, names }: CommandContext): string {
  const path = shownName(at);
  const typed = (step: 'lock' | 'unlock'): string =>
    shownName(adviceText([step === 'lock' ? { do: step, files: at } : { do: step, path: at }], names.client));
  if (typeof holder !== 'string') return `Nobody holds a lock on ${path}. Lock it with: ${typed('lock')}`;
  if (holder === user) return `You hold the lock on ${path} yourself. Unlock it with: ${typed('unlock')}`;
  const owner = shownName(holder);
  if (changed) return `Asked ${owner} to unlock ${path}.`;
  const ago = typeof agoMs === 'number' ? Math.floor(agoMs / 1000) : 0;
  return `${owner} was asked to unlock ${path} ${ago} s ago; ask again in ${Math.max(1, 60 - ago)} s.`;
}

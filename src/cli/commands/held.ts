// `client held [TARGET]`: the updates that wait for an unlock, in the order in which they will be applied.
import type { HeldRow } from '../../wire/messages.js';
import { EXIT_OK } from '../exit.js';
import { heldText } from '../render/held.js';
import { shownName } from '../render/width.js';
import type { Api, Room } from '../room.js';
import { errorOf, globMatcher, parseTarget, resolveTargets } from '../target.js';

export async function held(room: Room, target: string | undefined): Promise<number> {
  const rows = await rowsFor(room, await room.api(), target);
  if (room.json) room.out(`${JSON.stringify({ held: rows })}\n`);
  else room.out(rows.length > 0 ? heldText(rows) : noneText(target));
  return EXIT_OK;
}

async function rowsFor(room: Room, api: Api, target: string | undefined): Promise<readonly HeldRow[]> {
  if (target === undefined) return (await api.held()).held;
  const parsed = parseTarget(target);
  if (parsed.kind === 'glob') {
    const { held: all } = await api.held();
    const exact = all.filter(({ path }) => path === parsed.glob);
    const matches = globMatcher(parsed.glob);
    return exact.length > 0 ? exact : all.filter(({ path }) => matches(path));
  }
  const [one] = await resolveTargets(room, [target], async () => []);
  if (one === undefined) return [];
  if ('refused' in one) throw errorOf(one.refused);
  return (await api.held(one.target)).held;
}

const noneText = (target: string | undefined): string =>
  target === undefined ? 'No update is held.\n' : `No update is held for ${shownName(target)}.\n`;

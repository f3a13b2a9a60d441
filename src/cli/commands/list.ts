// `client list [GLOB]`: the merged listing. A glob keeps the numbers of the full listing.

import type { ListEntry } from '../../wire/messages.js';
import { addressText } from '../../wire/server-address.js';
import { EXIT_OK } from '../exit.js';
import { listingText } from '../render/listing.js';
import { shownName } from '../render/width.js';
import type { Room } from '../room.js';

export async function list(room: Room, glob: string | undefined): Promise<number> {
  const listing = await (await room.api()).list();
  const entries = glob === undefined ? listing.entries : await chosen(listing.entries, glob);
  if (room.json) {
    room.out(`${JSON.stringify({ ...listing, entries })}\n`);
    return EXIT_OK;
  }
  room.out(entries.length === 0 ? emptyText(glob) : listingText(entries, room));
  room.shown.record(addressText(room.server), inPlaces(listing.entries));
  return EXIT_OK;
}

/** An exact path wins, then a directory's contents, then the glob. */
async function chosen(entries: readonly ListEntry[], text: string): Promise<readonly ListEntry[]> {
  const { globMatcher, parseTarget } = await import('../target.js');
  const parsed = parseTarget(text);
  if (parsed.kind === 'index') return entries.filter(({ path }) => path === text || path.startsWith(`${text}/`));
  const wanted = parsed.kind === 'path' ? parsed.path : parsed.glob;
  const exact = entries.filter(({ path }) => path === wanted || path.startsWith(`${wanted}/`));
  if (exact.length > 0 || parsed.kind === 'path') return exact;
  const matches = globMatcher(wanted);
  return entries.filter(({ path }) => matches(path));
}

/** The paths at the places that their indexes name. */
function inPlaces(entries: readonly ListEntry[]): string[] {
  const paths: string[] = [];
  for (const { index, path } of entries) paths[index] = path;
  return paths;
}

const emptyText = (glob: string | undefined): string =>
  glob === undefined
    ? 'The pair is empty: there is no file on either side yet.\n'
    : `No file matches "${shownName(glob)}".\n`;

// `client list [GLOB]`: prints the merged listing. Globs, sort orders and `--locked` keep the indexes of the full
// listing.

import { addressText } from '../../client/server-address.js';
import { sideNamesIn } from '../../core/side-name.js';
import type { ListEntry } from '../../wire/client-api/methods.js';
import type { Api, CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { stateText } from '../render/entry-state.js';
import { listingText } from '../render/listing.js';
import { waitersText } from '../render/locks.js';
import { whyNothingMoves } from '../render/status.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';

export interface ListFlags {
  readonly sort?: string;
  readonly locked?: boolean;
}

export async function list(context: CommandContext, glob: string | undefined, flags: ListFlags = {}): Promise<number> {
  const order = orderOf(flags.sort ?? 'name');
  const api = await context.api();
  const [listing, status] = await Promise.all([api.list(), context.json ? null : api.status()]);
  const matching = glob === undefined ? listing.entries : await chosen(listing.entries, glob);
  const entries = order(flags.locked ? matching.filter(({ lock }) => lock !== null) : matching);
  if (status === null) {
    context.out(`${JSON.stringify({ ...listing, entries })}\n`);
    return EXIT_OK;
  }
  const isAway = !status.peer.connected;
  if (entries.length === 0) context.out(emptyText(glob, flags.locked === true, listing.entries.length, isAway));
  else {
    const waiters = entries.some(({ lock }) => lock !== null) ? await waitersOf(api) : undefined;
    for (const text of listingText(entries, { ...context, waiters, sides: sideNamesIn(status.names) }))
      context.out(text);
  }
  const why = whyNothingMoves(status, context.names);
  if (why !== null) context.err(`${why}\n`);
  context.shown.record(addressText(context.server), inPlaces(listing.entries));
  return EXIT_OK;
}

async function waitersOf(api: Api): Promise<ReadonlyMap<string, string>> {
  const { locks } = await api.locks();
  return new Map(
    locks.filter(({ waiting }) => waiting.length > 0).map((lock) => [lock.path, waitersText(lock.waiting)]),
  );
}

/** An exact path takes precedence, then the contents of a directory, then the glob. */
async function chosen(entries: readonly ListEntry[], text: string): Promise<readonly ListEntry[]> {
  const { globMatcher, parseTarget } = await import('../target/target.js');
  const parsed = parseTarget(text);
  if (parsed.kind === 'index') return entries.filter(({ path }) => path === text || path.startsWith(`${text}/`));
  const wanted = parsed.kind === 'path' ? parsed.path : parsed.glob;
  const exact = entries.filter(({ path }) => path === wanted || path.startsWith(`${wanted}/`));
  if (exact.length > 0 || parsed.kind === 'path') return exact;
  const matches = await globMatcher(wanted);
  return entries.filter(({ path }) => matches(path));
}

type Order = (entries: readonly ListEntry[]) => readonly ListEntry[];

/** Sorts the largest and the newest first, files with a state before others; equal ones by index. */
const ORDERS: Readonly<Record<string, Order>> = {
  name: (entries) => entries,
  size: (entries) => entries.toSorted((x, y) => y.size - x.size),
  time: (entries) => entries.toSorted((x, y) => compareText(y.mtime, x.mtime)),
  state: (entries) => {
    const stated = entries.map((entry) => ({ entry, state: stateText(entry) }));
    const special = stated.filter(({ state }) => state !== '').sort((x, y) => compareText(x.state, y.state));
    return [...special, ...stated.filter(({ state }) => state === '')].map(({ entry }) => entry);
  },
};

function orderOf(name: string): Order {
  const order = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
  if (order !== undefined) return order;
  throw usageError(`--sort takes name, size, time or state, not "${name}".`);
}

const compareText = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

/** @returns all paths at the positions of their indexes. */
function inPlaces(entries: readonly ListEntry[]): string[] {
  const paths: string[] = [];
  for (const { index, path } of entries) paths[index] = path;
  return paths;
}

function emptyText(glob: string | undefined, locked: boolean, files: number, isAway: boolean): string {
  if (files === 0 && isAway) return 'There is no file on side a, and none is known of side b.\n';
  if (files === 0) return 'The pair is empty: there is no file on either side yet.\n';
  const matching = glob === undefined ? '' : ` that matches "${shownName(glob)}"`;
  if (locked) return `No file${matching} is locked.\n`;
  return `No file matches "${shownName(glob ?? '')}".\n`;
}

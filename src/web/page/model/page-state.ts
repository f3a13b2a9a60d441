// What the page knows, as signals: whoever shows one is drawn again when it changes.
import { computed, signal } from '@preact/signals';
import { startOf } from '../../../client/live-state.js';
import { mayDo, type Role } from '../../../core/person.js';
import type { ListEntry, LockRow } from '../../../wire/client-api/methods.js';
import type { Me } from '../calls/session.js';
import type { Search } from '../words/filter.js';
import { parseRoute, type Route, routeText } from '../words/route.js';

/** `starting`: nothing is known yet; `outside`: nobody is signed in. */
export const stage = signal<'starting' | 'outside' | 'inside'>('starting');
export const me = signal<Me>({ name: '', role: 'read', side: 'a', version: '', run: '' });
export const live = signal(startOf('', ''));
/** The time, to the minute, for texts such as "yesterday". */
export const now = signal(new Date());

/** The merged list; `whole`: all of it has been read. */
export const listing = signal<{ readonly rows: readonly ListEntry[]; readonly whole: boolean }>({
  rows: [],
  whole: false,
});

export const locks = computed<ReadonlyMap<string, LockRow>>(
  () => new Map(live.value.locks.map((lock) => [lock.path, lock])),
);

/** How many updates are held, by path. */
export const heldCounts = computed<ReadonlyMap<string, number>>(() => {
  const counts = new Map<string, number>();
  for (const { path } of live.value.held) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
});

/** @returns whether whoever looks may do what needs that role. */
export const may = (least: Role): boolean => mayDo(me.value.role, least);

export const route = signal<Route>(parseRoute(''));

/** Goes to another view. */
export function goTo(view: Route['view'], path = ''): void {
  location.hash = routeText({ view, path });
}

/** The file whose sheet is open; null where none is. */
export const opened = signal<string | null>(null);

/** Opens the sheet of a file; null closes it. */
export function openFile(path: string | null): void {
  opened.value = path;
}

/** What is asked before something is done, and about which file or folder. */
interface Question {
  readonly kind: 'lock' | 'unlock' | 'ask' | 'steal' | 'force' | 'rename' | 'delete' | 'shortcuts';
  readonly path: string;
}

/** The question that is open; null where none is. */
export const questioned = signal<Question | null>(null);

export function question(kind: Question['kind'], path = ''): void {
  questioned.value = { kind, path };
}

export function closeQuestion(): void {
  questioned.value = null;
}

const EVERYTHING: Search = { text: '', kind: 'all', folder: '' };

/** What is searched for in the list. */
export const search = signal(EVERYTHING);

/** Searches for something else; what is not named stays. */
export function searchFor(change: Partial<Search>): void {
  search.value = { ...search.value, ...change };
}

export const showAll = (): void => searchFor(EVERYTHING);

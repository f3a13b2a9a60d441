// The archive on disk: what both sides last shared, and between which roots. Where it is missing or damaged, the next
// connection is a first contact, and a first contact deletes nothing.
import { Snapshot } from '../../core/snapshot.js';
import { tableOf } from '../../disk/local-replica.js';
import { ANEW } from '../../disk/state/files.js';
import { type OpenStore, Store } from '../../disk/state/store.js';
import { ArchiveMeta, META_TABLE } from './archive-meta.js';
import { GONE_TABLE, KnownLosses } from './known-losses.js';
import { Pair } from './pair.js';

/**
 * A token that every later one must exceed. It is kept apart from the lock table, for the case that this is lost more than
 * once: the time alone is no measure, because the clock may have been set back meanwhile.
 */
export interface TokenFloor {
  /** 0 where none is known. */
  readonly token: number;
  /** Raises it, and makes that durable. @throws SyncError `failed` where that cannot be written. */
  raise(token: number): Promise<void>;
}

/** An open archive. */
export interface Archive {
  readonly pair: Pair;
  readonly tokenFloor: TokenFloor;
  close(): Promise<void>;
}

/**
 * Opens the archive in `file`. A damaged one counts as missing.
 * @param report reports to people what was done without asking them.
 */
export function openArchive(file: string, report: (text: string) => void, open: OpenStore = Store.open): Archive {
  const snapshot = new Snapshot();
  const meta = new ArchiveMeta();
  const losses = new KnownLosses();
  const tables = { archive: tableOf(snapshot), [META_TABLE]: meta, [GONE_TABLE]: losses };
  const consequence = `What both sides last shared is not known any more. ${ANEW}`;
  const { store } = open(file, tables, { consequence });
  const tokenFloor: TokenFloor = {
    get token() {
      return meta.get('token') ?? 0;
    },
    raise: (token) => {
      meta.put('token', Math.max(tokenFloor.token, token));
      return store.durable();
    },
  };
  return { pair: new Pair(snapshot, store, { meta, losses }, report), tokenFloor, close: () => store.close() };
}

/** @returns `open` for an archive that is read and never written: what changes in memory is forgotten at the end. */
export const unwritten =
  (open: OpenStore): OpenStore =>
  (...args) => {
    const { store, setAside } = open(...args);
    return { setAside, store: { put: () => {}, durable: async () => {}, close: () => store.close() } };
  };

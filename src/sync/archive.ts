// The archive on disk: what both sides last shared, and with which other root. A missing or damaged one makes the next
// meeting a first contact, at which nothing is ever deleted.
import { Snapshot } from '../core/snapshot.js';
import { tableOf } from '../disk/local-replica.js';
import { ANEW } from '../disk/state-files.js';
import { type OpenStore, Store } from '../disk/store.js';
import { Pair } from './pair.js';

/** An archive that is open. */
export interface Archive {
  readonly pair: Pair;
  /**
   * Told which roots meet. Others than the archive knows are a first contact, unless side b turns out to be empty: then
   * a person has to say what is meant.
   * @param own the root of side a.
   * @returns whether they are the known ones.
   */
  meet(rootId: string, own?: string): boolean;
  close(): Promise<void>;
}

/** Opens the archive in `file`. A damaged one counts as none. */
export function openArchive(file: string, open: OpenStore = Store.open): Archive {
  const snapshot = new Snapshot();
  const meta = new Map<string, unknown>();
  const tables = {
    archive: tableOf(snapshot),
    meta: {
      load: (key: string, value: unknown) => void (value === null ? meta.delete(key) : meta.set(key, value)),
      all: () => meta,
    },
  };
  const consequence = `What both sides last shared is not known any more. ${ANEW}`;
  const { store } = open(file, tables, { consequence });
  const pair = new Pair(snapshot, store);
  pair.firstContact = meta.get('firstContact') === true;
  return {
    pair,
    meet: (rootId, own = '') => {
      const roots = `${own} ${rootId}`;
      if (meta.get('roots') === roots) {
        pair.stranger = null;
        return true;
      }
      pair.meetStranger(() => {
        meta.set('roots', roots);
        store.put('meta', 'roots', roots);
      });
      return false;
    },
    close: () => store.close(),
  };
}

// The archive on disk: what both sides last shared, and with which other root. A missing or damaged one makes the next
// meeting a first contact, at which nothing is ever deleted.
import { Snapshot } from '../core/snapshot.js';
import { tableOf } from '../disk/local-replica.js';
import { type OpenStore, Store } from '../disk/store.js';
import type { Logger } from '../log.js';
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

/** Opens the archive in `file`. */
export function openArchive(file: string, log: Logger, open: OpenStore = Store.open): Archive {
  const snapshot = new Snapshot();
  const meta = new Map<string, unknown>();
  const { store, setAside } = open(file, {
    archive: tableOf(snapshot),
    meta: { load: (key, value) => void (value === null ? meta.delete(key) : meta.set(key, value)), all: () => meta },
  });
  if (setAside !== null) {
    log.warn(
      `The archive was damaged and is set aside as ${setAside}. Nothing is deleted; both sides are compared anew.`,
    );
  }
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

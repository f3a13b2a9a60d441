// The archive on disk: what both sides last shared, and with which other root. A missing or damaged one makes the next
// meeting a first contact, at which nothing is ever deleted.
import { Snapshot } from '../core/snapshot.js';
import { tableOf } from '../disk/local-replica.js';
import { Store } from '../disk/store.js';
import type { Logger } from '../log.js';
import { Pair } from './pair.js';

/** An archive that is open. */
export interface Archive {
  readonly pair: Pair;
  /**
   * Told which root side b is. Another one than the archive knows is a first contact.
   * @returns whether it is the known one.
   */
  meet(rootId: string): boolean;
  close(): Promise<void>;
}

/** Opens the archive in `file`. */
export function openArchive(file: string, log: Logger): Archive {
  const snapshot = new Snapshot();
  const meta = new Map<string, unknown>();
  const { store, setAside } = Store.open(file, {
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
    meet: (rootId) => {
      if (meta.get('peer') === rootId) return true;
      pair.beginFirstContact();
      meta.set('peer', rootId);
      store.put('meta', 'peer', rootId);
      return false;
    },
    close: () => store.close(),
  };
}

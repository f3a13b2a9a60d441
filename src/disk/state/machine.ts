// Identifies this machine, to distinguish a directory whose disk is not mounted from one with the same path elsewhere.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import type { RootDescription } from '../../core/partner.js';
import type { Root } from '../fs/parents.js';

/** Linux's id of each installation. It must stay confidential (man machine-id), so only a digest of it is used. */
const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** @returns an id of this machine; its host name where the system has nothing better. */
function machineId(): string {
  for (const file of MACHINE_ID_FILES) {
    try {
      const id = fs.readFileSync(file, 'latin1').trim();
      if (id !== '') return createHash('sha256').update(`lockstep ${id}`).digest('hex').slice(0, 32);
    } catch {
      // Try the next one.
    }
  }
  return os.hostname();
}

/** @returns the description of the root with this `id` for the other side. */
export const describeRoot = (root: Root, id: string): RootDescription => ({
  root: id,
  dir: root.path,
  device: String(root.dev),
  machine: machineId(),
});

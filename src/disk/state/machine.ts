// Which machine this is, for telling a directory whose disk is not mounted from one of the same name elsewhere.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import type { RootDescription } from '../../core/partner.js';
import type { Root } from '../fs/parents.js';

/** Linux names each installation; the name is for no other eyes than its own, so only a digest of it is used. */
const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** @returns what tells this machine from others; its host name where the system has nothing better. */
function machineId(): string {
  for (const file of MACHINE_ID_FILES) {
    try {
      const id = fs.readFileSync(file, 'latin1').trim();
      if (id !== '') return createHash('sha256').update(`lockstep ${id}`).digest('hex').slice(0, 32);
    } catch {
      // The next one may be there.
    }
  }
  return os.hostname();
}

/** @returns how the root with this `id` is described to the other side. */
export const describeRoot = (root: Root, id: string): RootDescription => ({
  root: id,
  dir: root.path,
  device: String(root.dev),
  machine: machineId(),
});

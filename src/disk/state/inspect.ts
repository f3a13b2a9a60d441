// Looks at ROOT/.lockstep as it stands on the disk, and writes nothing: who has the root, and which state files are
// damaged. A server may run meanwhile; what it is just writing is no damage.
import fs from 'node:fs';
import path from 'node:path';
import { STATE_DIR } from '../../core/path.js';
import { isIdentity } from './identity.js';
import { checkJournal, type DamageKind, damageText } from './journal-check.js';
import { occupantIn } from './occupant.js';
import { readSealed } from './sealed-file.js';
import { OCCUPANT } from './state-directory.js';
import { readWatermarks } from './watermarks.js';

const JOURNALS = ['archive.log', 'locks.log', 'seen.log', 'versions.log'] as const;
const SEALED = [
  ['identity.json', isIdentity],
  ['guarded.json', () => true],
] as const;

/** A state directory that is there. */
interface InspectedState {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
  /** The process that has the root; null where none says so. */
  readonly occupant: ReturnType<typeof occupantIn>;
  /** What is damaged, a sentence each. */
  readonly damage: readonly string[];
  /** Files that were found damaged before and set aside. */
  readonly setAside: readonly string[];
}

/**
 * @returns what is there; null where the root has no state directory.
 * @throws the system's error where it cannot be read.
 */
export function inspectState(root: string): InspectedState | null {
  const directory = path.join(root, STATE_DIR);
  const stats = fs.lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const names = fs.readdirSync(directory);
  const occupant = occupantIn(path.join(directory, OCCUPANT));
  // A file that is replaced between the look at its mark and the look at itself is read once more.
  const damage = damageIn(directory);
  return {
    path: directory,
    uid: stats.uid,
    mode: stats.mode & 0o7777,
    occupant,
    damage: damage.length > 0 && occupant?.isAlive ? damageIn(directory) : damage,
    setAside: names.filter((name) => name.includes('.damaged-')),
  };
}

function damageIn(directory: string): string[] {
  // The marks are read first: what is written after that is more than they demand.
  const marks = readWatermarks(directory);
  const found: [name: string, kind: DamageKind | null][] = [['watermarks', marks.damage]];
  for (const name of JOURNALS) found.push([name, checkJournal(path.join(directory, name), marks.of(name)).damage]);
  for (const [name, isOurs] of SEALED)
    found.push([name, readSealed(path.join(directory, name), marks.of(name), isOurs).damage]);
  return found.flatMap(([name, kind]) => (kind === null ? [] : [damageText(path.join(directory, name), kind, null)]));
}

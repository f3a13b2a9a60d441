// The stored records of guarded files: the mode of each before its write bits were removed, and its inode, by which it
// is recognised under another name. Memory and disk agree: a save that fails changes neither.
import type fs from 'node:fs';
import * as v from 'valibot';
import type { RelPath } from '../../core/path.js';
import { modeOf } from '../fs/signature.js';
import type { StateFiles } from '../state/files.js';
import type { SealedFile } from '../state/sealed-file.js';

const WRITE_BITS = 0o222;

/** A guarded file. */
interface GuardRecord {
  /** Its permission bits before. */
  readonly mode: number;
  readonly ino: number;
  /** Its birth time, milliseconds since 1970: inode numbers are reused. */
  readonly born: number;
}

export type RecordMap = Map<RelPath, GuardRecord>;

/** @returns the record of the file with these `stats`, whose permission bits were `mode`. */
export const recordOf = (mode: number, { ino, birthtimeMs }: fs.Stats): GuardRecord => ({
  mode,
  ino,
  born: birthtimeMs,
});

/** @returns `mode` without its write bits. */
export const withoutWrite = (mode: number): number => mode & ~WRITE_BITS;

/** @returns whether the file with these `stats` still has the permission bits that guarding gave it. */
export const isGuarded = ({ mode }: GuardRecord, stats: fs.Stats): boolean => modeOf(stats) === withoutWrite(mode);

/** @returns whether these are the `stats` of the file that `record` describes. */
export const isOf = ({ ino, born }: GuardRecord, stats: fs.Stats): boolean =>
  ino === stats.ino && born === stats.birthtimeMs;

/** The records of one root. */
export class GuardRecords {
  readonly #file: SealedFile;

  #records: RecordMap;
  #byIno: Map<number, RelPath>;

  /**
   * @param file where they are stored.
   * @param value its content; null where it has none yet.
   */
  constructor(file: SealedFile, value: Readonly<Record<string, unknown>> | null) {
    this.#file = file;

    this.#records = recordsIn(value);
    this.#byIno = pathsByIno(this.#records);
  }

  get size(): number {
    return this.#records.size;
  }

  get(path: RelPath): GuardRecord | undefined {
    return this.#records.get(path);
  }

  /** @returns the path of the file with this inode number when it was guarded. */
  pathOf(ino: number): RelPath | undefined {
    return this.#byIno.get(ino);
  }

  /** @returns a copy to change and to give to `replace`. */
  copy(): RecordMap {
    return new Map(this.#records);
  }

  /** Stores `records`. @throws the system's error; then the old ones stay. */
  replace(records: RecordMap): void {
    if (isSame(records, this.#records)) return;
    const modes = Array.from(records, ([path, { mode, ino, born }]) => [path, mode, ino, born]);
    this.#file.write({ version: 1, modes });
    this.#records = records;
    this.#byIno = pathsByIno(records);
  }
}

function isSame(some: RecordMap, others: RecordMap): boolean {
  if (some.size !== others.size) return false;
  for (const [path, { mode, ino, born }] of some) {
    const other = others.get(path);
    if (other === undefined || other.mode !== mode || other.ino !== ino || other.born !== born) return false;
  }
  return true;
}

const pathsByIno = (records: RecordMap): Map<number, RelPath> =>
  new Map(Array.from(records, ([path, { ino }]) => [ino, path]));

/** Leaves out what is not a valid record: that file keeps its present mode. */
function recordsIn(value: Readonly<Record<string, unknown>> | null): RecordMap {
  const modes: readonly unknown[] = Array.isArray(value?.modes) ? value.modes : [];
  const sound = modes.filter(isModeRecord);
  return new Map(sound.map(([path, mode, ino = 0, born = 0]) => [path, { mode, ino, born }]));
}

const modeRecord = v.looseTuple([v.string(), v.pipe(v.number(), v.integer())]);

const isModeRecord = (record: unknown): record is [RelPath, number, number?, number?] => v.is(modeRecord, record);

/** Opens the records of a root; damaged ones are replaced by none. @throws the system's error. */
export function openGuardRecords(files: StateFiles): GuardRecords {
  const { file, value, isLost } = files.openSealed(
    'guarded.json',
    ({ version }) => version === 1,
    'Files whose write permission was taken off for a lock of the other side stay read-only: give it back with chmod u+w.',
  );
  if (isLost) file.write({ version: 1, modes: [] });
  return new GuardRecords(file, value);
}

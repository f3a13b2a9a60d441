// The files of the event log in ROOT/.lockstep/log: one JSON object a line, the oldest file first. A file that is full is
// followed by the next number; the oldest are deleted, so that the last 50 MB of events are kept.
import fs from 'node:fs';
import type { OwnDirectory } from '../fs/own-directory.js';

/** A file is not added to beyond this size, in bytes. */
export const SEGMENT_BYTES = 5_000_000;
/** The oldest file is deleted where the others have so many bytes. */
export const KEPT_BYTES = 50_000_000;

const NAME = /^events-(\d{6,15})\.ndjson$/;

interface Segment {
  readonly number: number;
  readonly name: string;
  readonly bytes: number;
}

export const segmentName = (number: number): string => `events-${String(number).padStart(6, '0')}.ndjson`;

/** @returns the files of the log, the oldest first. @throws the system's error; OwnDirectoryError. */
export function segmentsIn(directory: OwnDirectory): Segment[] {
  const names = directory.use('.', (absolute) => fs.readdirSync(absolute));
  return names.flatMap((name) => segmentOf(directory, name) ?? []).sort((one, other) => one.number - other.number);
}

/** @returns the largest number that a name has, whatever stands at it; 0 where there is none. */
export function lastNumber(directory: OwnDirectory): number {
  const names = directory.use('.', (absolute) => fs.readdirSync(absolute));
  return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
}

function segmentOf(directory: OwnDirectory, name: string): Segment | null {
  const digits = NAME.exec(name)?.[1];
  if (digits === undefined) return null;
  const stats = statOf(directory, name);
  return stats?.isFile() ? { number: Number(digits), name, bytes: stats.size } : null;
}

/** @returns what stands at `name` in the log; null for nothing. */
export const statOf = (directory: OwnDirectory, name: string): fs.Stats | null =>
  directory.use(name, (absolute) => fs.lstatSync(absolute, { throwIfNoEntry: false })) ?? null;

/** Deletes the oldest files beyond what is kept. */
export function prune(directory: OwnDirectory, kept = KEPT_BYTES): void {
  const segments = segmentsIn(directory);
  let later = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes } of segments) {
    later -= bytes;
    if (later < kept) return;
    directory.use(name, (absolute) => fs.rmSync(absolute, { force: true }));
  }
}

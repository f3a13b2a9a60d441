// Rows as the server sends them, with what a test is about.
import { type LiveState, startOf } from '../../../../src/client/live-state.js';
import type { ConflictRow, ListEntry, LockRow, Status } from '../../../../src/wire/client-api/methods.js';
import type { VersionRow } from '../../../../src/wire/client-api/version-rows.js';

/** Local time, so that the texts are the same on every machine. */
export const NOW = new Date(2026, 10, 21, 15, 0);
export const at = (hours: number, minutes = 0): string => new Date(2026, 10, 21, hours, minutes).toISOString();

export const file = (path: string, more: Partial<ListEntry> = {}): ListEntry => ({
  ...{ index: 0, path, type: 'file', size: 3, mtime: at(10), mode: 0o644, on: 'both', lock: null, held: 0 },
  ...more,
});

export const lock = (path: string, owner: string, more: Partial<LockRow> = {}): LockRow => ({
  ...{ path, owner, side: 'a', since: at(14, 3), expires: null, message: '', token: 1, kind: 'manual' },
  ...{ app: null, away: null, held: 0, waiting: [] },
  ...more,
});

export const status = (more: Partial<Status> = {}): Status => ({
  state: 'in-sync',
  peer: { address: '127.0.0.1:8081', connected: true },
  ...{
    a: { files: 6, bytes: 60 },
    b: { files: 6, bytes: 60 },
    pending: 0,
    held: 0,
    locks: 0,
    conflicts: 0,
    problems: [],
  },
  ...{ versions: { a: null, b: null }, paused: null, left: { files: 0, bytes: 0 }, lastInSync: at(14, 3) },
  ...more,
});

export const live = (more: Partial<LiveState> = {}): LiveState => ({ ...startOf('here', 'anna'), ...more });

export const version = (path: string, replaced: string, more: Partial<VersionRow> = {}): VersionRow => ({
  ...{
    path,
    n: 1,
    size: 10,
    mtime: at(9),
    replaced,
    reason: 'deleted',
    side: 'a',
    where: `.lockstep/versions/${path}`,
  },
  ...more,
});

export const conflict = (more: Partial<ConflictRow> = {}): ConflictRow => ({
  ...{ path: 'p.txt', copy: 'p (conflict B 2026-11-21 14-03-22).txt', side: 'b', time: at(14, 3), size: 5 },
  ...{ mtime: at(13), on: 'both', original: { size: 4, mtime: at(12) } },
  ...more,
});

// The errors with which client writes are refused.
import { advise } from '../../core/advice.js';
import { SyncError } from '../../core/errors.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import { reasonOf } from '../../core/system-error.js';
import type { Result } from './write.js';

export const busy = (path: RelPath): SyncError =>
  new SyncError('busy', `${quote(path)} is being written or carried by somebody else all the time.`, {
    advice: advise`Try again in a moment; see what is under way with: ${{ do: 'status' }}`,
  });

export const ignored = (path: RelPath): SyncError =>
  new SyncError('failed', `${quote(path)} is left out of synchronisation, so it is no file of the pair.`, {
    hint: 'See .lockstepignore, and what server-a was told with --ignore.',
  });

export const outOfReach = (path: RelPath): SyncError =>
  new SyncError('failed', `${quote(path)} is left out of synchronisation on one side, or cannot be read at present.`, {
    advice: advise`See: ${{ do: 'status' }}, and .lockstepignore`,
  });

export const failed = (path: RelPath, side: Side, error: unknown): SyncError =>
  error instanceof SyncError ? error : diskRefused(path, side, `It failed: ${reasonOf(error)}.`);

/** @param result a result whose outcome is a problem. */
export const failure = ({ change, outcome }: Result, side: Side): SyncError =>
  diskRefused(change.path, side, outcome.kind === 'problem' ? outcome.message : '');

const diskRefused = (path: RelPath, side: Side, message: string): SyncError =>
  new SyncError('failed', `${quote(path)} could not be written on side ${side}. ${message}`, {
    hint: 'Nothing was lost: the file is as it was.',
  });

export const isAway = (path: RelPath): SyncError =>
  new SyncError('failed', `${quote(path)} is only on side b, and server-b is away.`, {
    advice: advise`Start server-b, then try again; see: ${{ do: 'status' }}`,
  });

export const heldOnlyInB = (path: RelPath, owner: string): SyncError =>
  new SyncError('failed', `${quote(path)} is only on side b, where it is held back by the lock of ${owner}.`, {
    advice: advise`Unlock it first: ${{ do: 'unlock', path }}`,
  });

export const noSuchFile = (path: RelPath): SyncError =>
  new SyncError('not-found', `There is no file or directory ${quote(path)} in the pair.`, {
    advice: advise`See what there is with: ${{ do: 'list' }}`,
  });

// What a change touches, and how much of a content a piece brings.
import type { Change } from '../core/change.js';
import type { RelPath } from '../core/path.js';
import type { Content } from '../replica.js';

/** Every path that a change touches. */
export function* pathsOf(change: Change): Generator<RelPath> {
  yield change.path;
  if (change.from !== undefined) yield change.from.path;
  if (change.keepAs !== undefined) yield change.keepAs;
}

/** How much of the content a piece is. */
export function bytesOf(piece: Content): number {
  if ('data' in piece) return piece.data.length;
  if ('copy' in piece) return piece.copy.bytes;
  return 'have' in piece ? piece.have : 0;
}

// The other side while it is connected: how it is looked at, and who carries changes to and from it.
import type { Change } from '../core/change.js';
import { parentOf, type RelPath, type Side } from '../core/path.js';
import { Carrier, type CarrierEvent } from './carrier.js';
import { Lookout, type LookoutEvent } from './lookout.js';
import type { Pair } from './pair.js';
import type { Replica } from './replica.js';

/** What is there only while side b is. */
export interface Far {
  readonly replica: Replica;
  readonly lookout: Lookout;
  readonly carriers: Readonly<Record<Side, Carrier>>;
  /** Whether it has been looked at since it came: what was known before may have changed. */
  seen: boolean;
}

/** What joining needs. */
export interface FarOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly replica: Replica;
  readonly post: (event: LookoutEvent | CarrierEvent | { readonly kind: 'hint'; readonly side: Side }) => void;
  /** Whether this far side is still the present one: what an earlier one saw does not count. */
  readonly isPresent: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Joins side b to the pair. */
export function joinFar({ pair, local, replica, post, isPresent, now }: FarOptions): Far {
  const parentIsThere =
    (side: Side) =>
    ({ path }: Change) =>
      pair.side(side).snapshot?.get(parentOf(path))?.type === 'dir';
  const postIfPresent: typeof post = (event) => {
    if (isPresent()) post(event);
  };
  replica.onHint(() => postIfPresent({ kind: 'hint', side: 'b' }));
  return {
    replica,
    lookout: new Lookout('b', replica, postIfPresent, now),
    carriers: {
      a: new Carrier('a', local, replica, post, parentIsThere('a'), now),
      b: new Carrier('b', replica, local, post, parentIsThere('b'), now),
    },
    seen: false,
  };
}

/** @returns whether either carrier has `path` in its hands. */
export const isCarried = (far: Far | null, path: RelPath): boolean =>
  far !== null && (far.carriers.a.has(path) || far.carriers.b.has(path));

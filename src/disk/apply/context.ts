// The context of a step on the tree, and the ways it can end.
import type { LinkGate } from '../fs/link-target.js';
import type { Parents } from '../fs/parents.js';
import type { Scanner } from '../scan/scanner.js';
import type { Staging } from '../staging/staging.js';
import type { Versions } from '../versions/versions.js';
import type { ConflictCopies } from './conflict-copies.js';

/** What the steps of one apply share. */
export interface ApplyContext {
  readonly scanner: Scanner;
  readonly parents: Parents;
  readonly staging: Staging;
  readonly versions: Versions;
  readonly links: LinkGate;
  readonly copies: ConflictCopies;
}

/**
 * How a step ended. `stale`: the path was not what the change expected; nothing was done. `kept`: a directory stays,
 * because it holds files that are not synchronised. System errors are thrown.
 */
export type Step = 'done' | 'stale' | 'kept';

// What a step needs to know of the tree that it works on, and how it can end.
import type { LinkGate } from '../fs/link-target.js';
import type { Parents } from '../fs/parents.js';
import type { Scanner } from '../scan/scanner.js';
import type { Staging } from '../staging/staging.js';
import type { Versions } from '../versions/versions.js';

/** What a step needs to know of the tree it works on. */
export interface ApplyContext {
  readonly scanner: Scanner;
  readonly parents: Parents;
  readonly staging: Staging;
  readonly versions: Versions;
  readonly links: LinkGate;
}

/** How a step on the disk ended; system errors are thrown. */
export type Step = 'done' | 'stale' | 'kept';

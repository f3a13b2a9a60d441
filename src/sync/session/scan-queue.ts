// Looks at one side, one look at a time: whoever wants one gets the number of the look that will answer, and what comes
// in while one is under way is joined into the next.
import type { RelPath, Side } from '../../core/path.js';
import type { Replica, ScanResult, ScanScope } from '../../replica.js';

export type ScanEvent =
  | {
      readonly kind: 'scanned';
      readonly side: Side;
      readonly scan: ScanResult;
      readonly scope: ScanScope;
      /** What it was asked for by name. */
      readonly paths: readonly RelPath[];
      readonly ms: number;
    }
  | { readonly kind: 'scan-failed'; readonly side: Side; readonly error: unknown };

/** The looks at one side. */
export class ScanQueue {
  readonly #side: Side;
  readonly #replica: Replica;
  readonly #post: (event: ScanEvent) => void;
  readonly #now: () => number;
  /** Called as each look begins. */
  readonly #begins: () => void;

  #wanted: ScanScope | null = null;
  readonly #paths = new Set<RelPath>();
  #running = false;
  /** Whether the last look failed: what it would have told is not known. */
  #failed = false;
  /** Whether it was to tell of everything: then the next one is, whatever that is asked for. */
  #owesAll = false;
  #waiters: { readonly number: number; readonly done: () => void }[] = [];
  #begun = 0;
  /** The number of the last look that has been taken in. */
  finished = 0;

  constructor(
    side: Side,
    replica: Replica,
    post: (event: ScanEvent) => void,
    now: () => number,
    begins: () => void = () => {},
  ) {
    this.#side = side;
    this.#replica = replica;
    this.#post = post;
    this.#now = now;
    this.#begins = begins;
  }

  /** Asks for a look at what is hinted at (and at `paths`), or at everything. @returns its number. */
  ask(scope: ScanScope, paths: readonly RelPath[] = []): number {
    if (this.#wanted !== 'everything') this.#wanted = scope;
    for (const path of paths) this.#paths.add(path);
    return this.#begun + 1;
  }

  get isIdle(): boolean {
    return !this.#running && this.#wanted === null && !this.#failed;
  }

  /** Begins the look that is wanted, unless one is under way. */
  start(): void {
    if (this.#running || this.#wanted === null) return;
    const scope = this.#owesAll ? 'everything' : this.#wanted;
    const paths = [...this.#paths];
    this.#wanted = null;
    this.#paths.clear();
    this.#running = true;
    this.#failed = false;
    this.#owesAll = false;
    this.#begun++;
    this.#begins();
    const since = this.#now();
    this.#replica.scan(scope, paths).then(
      (scan) => this.#post({ kind: 'scanned', side: this.#side, scan, scope, paths, ms: this.#now() - since }),
      (error: unknown) => {
        // What was asked for is told even where it is not new: that is still owed.
        for (const path of paths) this.#paths.add(path);
        this.#owesAll = scope === 'everything';
        this.#post({ kind: 'scan-failed', side: this.#side, error });
      },
    );
  }

  /** The look under way has been taken in. */
  end(): void {
    this.#running = false;
    this.finished = this.#begun;
    this.#waiters = this.#waiters.filter(({ number, done }) => {
      if (number <= this.finished) done();
      return number > this.finished;
    });
  }

  /** The look under way failed: whoever waits for it waits for the next one. */
  fail(): void {
    this.#running = false;
    this.#failed = true;
  }

  /** Resolves when look `number` has been taken in, or when none will be. */
  until(number: number): Promise<void> {
    return new Promise((done) => this.#waiters.push({ number, done }));
  }

  /** No look will be taken in any more. */
  abandon(): void {
    for (const { done } of this.#waiters) done();
    this.#waiters = [];
  }
}

/** Begins whatever look is wanted, with `due` among what is looked at. */
export function startScans(scanQueue: ScanQueue, due: readonly RelPath[]): void {
  if (due.length > 0) scanQueue.ask('hinted', due);
  scanQueue.start();
}

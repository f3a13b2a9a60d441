// Runs the scans of one side, one at a time. Each request gets the number of the scan that answers it. Requests that
// arrive during a scan are merged into the next one.
import type { RelPath, Side } from '../../core/path.js';
import type { Replica, ScanResult, ScanScope } from '../../replica.js';

export type ScanEvent =
  /** A scan ended; `ms` is how long it ran. */
  | {
      readonly kind: 'scanned';
      readonly side: Side;
      readonly scan: ScanResult;
      readonly scope: ScanScope;
      /** The paths that were requested by name. */
      readonly paths: readonly RelPath[];
      readonly ms: number;
    }
  | { readonly kind: 'scan-failed'; readonly side: Side; readonly error: unknown };

/** The scans of one side. */
export class ScanQueue {
  readonly #side: Side;
  readonly #replica: Replica;
  readonly #post: (event: ScanEvent) => void;
  readonly #now: () => number;
  /** Called as each scan begins. */
  readonly #begins: () => void;

  #wanted: ScanScope | null = null;
  readonly #paths = new Set<RelPath>();
  #running = false;
  /** Whether a hint or a path is among what is requested. */
  #hinted = false;
  /** Whether the running scan is to look at something that is expected to have changed. */
  #runsOnHint = false;
  /** Whether the last scan failed: its changes are not known yet. */
  #failed = false;
  /** Whether that scan was of everything: then the next one is, too, whatever is requested. */
  #owesAll = false;
  #waiters: { readonly number: number; readonly done: () => void }[] = [];
  #begun = 0;
  /** The number of the last scan that was folded in. */
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

  /** Requests a scan of the hinted paths (and of `paths`), or of everything. @returns its number. */
  ask(scope: ScanScope, paths: readonly RelPath[] = []): number {
    if (this.#wanted !== 'everything') this.#wanted = scope;
    if (scope === 'hinted') this.#hinted = true;
    for (const path of paths) this.#paths.add(path);
    return this.#begun + 1;
  }

  get isIdle(): boolean {
    return !this.#running && this.#wanted === null && !this.#failed;
  }

  /**
   * Whether something is expected to have changed: a scan was requested because of a hint or for a path, or failed. A
   * scan of everything that is due from time to time expects nothing.
   */
  get expectsChanges(): boolean {
    return this.#hinted || this.#runsOnHint || this.#failed;
  }

  /** Starts the requested scan, unless one is running. */
  start(): void {
    if (this.#running || this.#wanted === null) return;
    const scope = this.#owesAll ? 'everything' : this.#wanted;
    const paths = [...this.#paths];
    this.#runsOnHint = this.#hinted || this.#failed;
    this.#hinted = false;
    this.#wanted = null;
    this.#paths.clear();
    this.#running = true;
    this.#failed = false;
    this.#owesAll = false;
    this.#begun++;
    this.#begins();
    const since = this.#now();
    // A scan reports requested paths even where nothing changed: those that it did not report stay requested.
    const keep = () => {
      for (const path of paths) this.#paths.add(path);
    };
    this.#replica.scan(scope, paths).then(
      (scan) => {
        if (scan.halt !== null) keep();
        this.#post({ kind: 'scanned', side: this.#side, scan, scope, paths, ms: this.#now() - since });
      },
      (error: unknown) => {
        keep();
        this.#owesAll = scope === 'everything';
        this.#post({ kind: 'scan-failed', side: this.#side, error });
      },
    );
  }

  /** The running scan has been folded in. */
  end(): void {
    this.#running = false;
    this.#runsOnHint = false;
    this.finished = this.#begun;
    this.#waiters = this.#waiters.filter(({ number, done }) => {
      if (number <= this.finished) done();
      return number > this.finished;
    });
  }

  /** The running scan failed: those who wait for it wait for the next one. */
  fail(): void {
    this.#running = false;
    this.#runsOnHint = false;
    this.#failed = true;
  }

  /** Resolves when scan `number` has been folded in, or when no more scans will be. */
  until(number: number): Promise<void> {
    return new Promise((done) => this.#waiters.push({ number, done }));
  }

  /** No scan will be folded in any more. */
  abandon(): void {
    for (const { done } of this.#waiters) done();
    this.#waiters = [];
  }
}

/** Starts the requested scan, with the paths `due` added to it. */
export function startScans(scanQueue: ScanQueue, due: readonly RelPath[]): void {
  if (due.length > 0) scanQueue.ask('hinted', due);
  scanQueue.start();
}

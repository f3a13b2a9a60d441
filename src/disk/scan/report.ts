// The result of a scan: the first report has every entry, each later one the differences since the one before; both
// with the present problems.
import type { RelPath } from '../../core/path.js';
import { entryOf } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import type { ScanContext } from './context.js';
import { damageProblem } from './crash-damage.js';
import { Differences } from './diff.js';
import type { Halt } from './safety.js';

/** Makes the scan results of one root. */
export class Reporter {
  /** What changed since the last report. */
  readonly differences = new Differences();
  readonly #context: ScanContext;
  #hasReported = false;

  constructor(context: ScanContext) {
    this.#context = context;
  }

  /** Whether the whole tree was reported; from then on there are only differences. */
  get hasReported(): boolean {
    return this.#hasReported;
  }

  /** @param again paths that changed while they were scanned. */
  report(again: ReadonlySet<RelPath | ''>): ScanResult {
    const whole = !this.#hasReported;
    this.#hasReported = true;
    const differences = this.differences.take(this.#context.snapshot);
    const entries = whole ? this.#all() : differences;
    const unsettled = this.#context.unsettled.size + again.size;
    this.#context.unsettled.reported = unsettled;
    return {
      entries,
      whole,
      unknown: this.#unknown(again),
      ...this.#common(),
      unsettled,
      moving: this.#moving(again),
      arriving: this.#arriving(),
      halt: null,
    };
  }

  /** Reports no entries; the differences stay for the next report. */
  halted(halt: Halt): ScanResult {
    this.#context.unsettled.reported = 0;
    return { entries: [], whole: false, unknown: this.#unknown(new Set()), ...this.#common(), unsettled: 0, halt };
  }

  #all(): ScanResult['entries'] {
    const nodes = this.#context.snapshot.walk();
    return Array.from(nodes, ([path, node]) => ({ path, entry: entryOf(node) }));
  }

  #moving(again: ReadonlySet<RelPath | ''>): RelPath[] {
    const moving = new Set(this.#context.unsettled.paths());
    for (const path of again) if (path !== '') moving.add(path);
    return [...moving];
  }

  #arriving(): NonNullable<ScanResult['arriving']> {
    const { unsettled } = this.#context;
    return unsettled.all('files').map(([path, { size }]) => ({ path, size }));
  }

  /** Paths that count as neither present nor deleted: what cannot be read, and what is new and unsettled. */
  #unknown(again: ReadonlySet<RelPath | ''>): RelPath[] {
    const { problems, unsettled, snapshot } = this.#context;
    const unknown = new Set(problems.unknown());
    for (const path of unsettled.paths()) if (snapshot.get(path) === null) unknown.add(path);
    for (const path of again) if (path !== '' && snapshot.get(path) === null) unknown.add(path);
    return [...unknown];
  }

  #common(): Pick<ScanResult, 'problems' | 'rules' | 'damaged'> {
    const { problems, rules, damage, snapshot } = this.#context;
    const damaged = damage.remaining(snapshot);
    return { problems: [...problems.list(), ...damaged.map(damageProblem)], rules: rules.lines, damaged };
  }
}

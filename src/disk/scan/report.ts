// What a look says: all there is, the first time, and then the differences, with everything that is in the way.
import type { RelPath } from '../../core/path.js';
import { entryOf } from '../../core/snapshot.js';
import type { ScanResult } from '../../replica.js';
import type { ScanContext } from './context.js';
import { damageProblem } from './crash-damage.js';
import { Differences } from './diff.js';
import type { Halt } from './safety.js';

export class Reporter {
  /** What changed since it was last told. */
  readonly differences = new Differences();
  readonly #context: ScanContext;
  #hasReported = false;

  constructor(context: ScanContext) {
    this.#context = context;
  }

  /** Whether the whole was told; from then on there are only differences. */
  get hasReported(): boolean {
    return this.#hasReported;
  }

  /** @param again paths that changed while they were looked at. */
  tell(again: ReadonlySet<RelPath | ''>): ScanResult {
    const whole = !this.#hasReported;
    this.#hasReported = true;
    const differences = this.differences.take(this.#context.snapshot);
    const entries = whole ? this.#all() : differences;
    const unsettled = this.#context.unsettled.size + again.size;
    this.#context.unsettled.told = unsettled;
    return {
      entries,
      whole,
      unknown: this.#unknown(again),
      ...this.#standing(),
      unsettled,
      moving: this.#moving(again),
      halt: null,
    };
  }

  /** Nothing is told, and nothing of it is lost. */
  halted(halt: Halt): ScanResult {
    this.#context.unsettled.told = 0;
    return { entries: [], whole: false, unknown: this.#unknown(new Set()), ...this.#standing(), unsettled: 0, halt };
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

  /** What cannot be read, and what is new and still in motion: neither there nor gone. */
  #unknown(again: ReadonlySet<RelPath | ''>): RelPath[] {
    const { problems, unsettled, snapshot } = this.#context;
    const unknown = new Set(problems.unknown());
    for (const path of unsettled.paths()) if (snapshot.get(path) === null) unknown.add(path);
    for (const path of again) if (path !== '' && snapshot.get(path) === null) unknown.add(path);
    return [...unknown];
  }

  #standing(): Pick<ScanResult, 'problems' | 'rules' | 'damaged'> {
    const { problems, rules, damage, snapshot } = this.#context;
    const damaged = damage.standing(snapshot);
    return { problems: [...problems.list(), ...damaged.map(damageProblem)], rules: rules.lines, damaged };
  }
}

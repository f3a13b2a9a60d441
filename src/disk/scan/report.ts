// What a look says: all there is, the first time, and then the differences, with everything that is in the way.
import type { RelPath } from '../../core/path.js';
import { entryOf } from '../../core/snapshot.js';
import type { Look } from '../../replica.js';
import type { Ground } from './context.js';
import { damageProblem } from './crash-damage.js';
import { Differences } from './diff.js';
import type { Halt } from './safety.js';

export class Teller {
  /** What changed since it was last told. */
  readonly differences = new Differences();
  readonly #ground: Ground;
  #hasTold = false;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Whether the whole was told; from then on there are only differences. */
  get hasTold(): boolean {
    return this.#hasTold;
  }

  /** @param again paths that changed while they were looked at. */
  tell(again: ReadonlySet<RelPath | ''>): Look {
    const whole = !this.#hasTold;
    this.#hasTold = true;
    const differences = this.differences.take(this.#ground.snapshot);
    const entries = whole ? this.#all() : differences;
    const unsettled = this.#ground.waiting.size + again.size;
    this.#ground.waiting.told = unsettled;
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
  halted(halt: Halt): Look {
    this.#ground.waiting.told = 0;
    return { entries: [], whole: false, unknown: this.#unknown(new Set()), ...this.#standing(), unsettled: 0, halt };
  }

  #all(): Look['entries'] {
    const nodes = this.#ground.snapshot.walk();
    return Array.from(nodes, ([path, node]) => ({ path, entry: entryOf(node) }));
  }

  #moving(again: ReadonlySet<RelPath | ''>): RelPath[] {
    const moving = new Set(this.#ground.waiting.paths());
    for (const path of again) if (path !== '') moving.add(path);
    return [...moving];
  }

  /** What cannot be read, and what is new and still in motion: neither there nor gone. */
  #unknown(again: ReadonlySet<RelPath | ''>): RelPath[] {
    const { troubles, waiting, snapshot } = this.#ground;
    const unknown = new Set(troubles.unknown());
    for (const path of waiting.paths()) if (snapshot.get(path) === null) unknown.add(path);
    for (const path of again) if (path !== '' && snapshot.get(path) === null) unknown.add(path);
    return [...unknown];
  }

  #standing(): Pick<Look, 'problems' | 'rules' | 'damaged'> {
    const { troubles, rules, damage, snapshot } = this.#ground;
    const damaged = damage.standing(snapshot);
    return { problems: [...troubles.list(), ...damaged.map(damageProblem)], rules: rules.lines, damaged };
  }
}

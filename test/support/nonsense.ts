// Messages of the right shape with anything in them, from a seed that the test names.

export const seed = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 2 ** 31);

const NOTES = ['content', 'changes', 'wanted', 'ranges', 'sums', 'end', 'cancel', 'copy', 'have', 'failed'];

/** What somebody says who knows the words and not what they mean. */
export class Nonsense {
  #state: number;

  constructor(own: number) {
    this.#state = own >>> 0 || 1;
  }

  /** Mulberry32. */
  #next(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.#next(of.length)]!;
  }

  value(depth = 3): unknown {
    const words = [
      '',
      'own.txt',
      '../f',
      '/etc/passwd',
      '.lockstep/x',
      '\u001b[2J',
      '\0',
      'x'.repeat(5_000),
      'file',
      'a'.repeat(64),
    ];
    const kinds = [null, true, 0, 1, -1, 1e300, 0.5, 2 ** 53, ...words];
    if (depth === 0 || this.#next(3) > 0) return this.pick(kinds);
    if (this.#next(2) === 0) return Array.from({ length: this.#next(4) }, () => this.value(depth - 1));
    return Object.fromEntries(Array.from({ length: this.#next(6) }, () => [this.pick(KEYS), this.value(depth - 1)]));
  }

  /** The result of a method, with the fields that are expected of one. */
  answer(): unknown {
    const rows = () => Array.from({ length: this.#next(4) }, () => this.value());
    const lists = {
      entries: rows(),
      locks: rows(),
      held: rows(),
      versions: rows(),
      conflicts: rows(),
      targets: rows(),
      notices: rows(),
    };
    return this.#next(4) === 0
      ? this.value()
      : { ...lists, ...(this.value() as object), peer: this.value(), problems: rows() };
  }

  message(methods: readonly string[]): { message: object; payload?: Buffer } {
    const params = Object.fromEntries(Array.from({ length: this.#next(7) }, () => [this.pick(KEYS), this.value()]));
    const isNote = this.#next(4) === 0;
    const message = isNote
      ? { method: this.pick(NOTES), params: { ...params, id: this.#next(20) } }
      : {
          id: this.pick<unknown>([this.#next(20), 'x', null, {}]),
          method: this.pick(methods),
          params: this.#next(9) === 0 ? this.value() : params,
        };
    if (this.#next(3) > 0) return { message };
    const payload =
      this.#next(2) === 0
        ? Buffer.from(JSON.stringify(this.value()))
        : Buffer.alloc(this.#next(3_000), this.#next(256));
    return { message, payload };
  }
}
const KEYS = [
  ...[
    'path',
    'paths',
    'target',
    'targets',
    'index',
    'owner',
    'size',
    'hash',
    'last',
    'from',
    'to',
    'at',
    'n',
    'id',
    'count',
    'on',
  ],
  ...[
    'root',
    'role',
    'lane',
    'protocol',
    'scope',
    'blockBytes',
    'name',
    'entry',
    'type',
    'mode',
    'mtime',
    '__proto__',
    'constructor',
    'event',
  ],
];

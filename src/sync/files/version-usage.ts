// How much the versions of both sides take, for the status. Nobody waits long for a side that has to count first: until
// then, what was known before counts.
import type { Side } from '../../core/path.js';
import type { VersionReader, VersionUsage } from '../../replica.js';

/** How long a status waits for the sides, in milliseconds. */
const PATIENCE_MS = 500;
const SIDES = ['a', 'b'] as const;

/** The usage of each side; null where it is not known. */
type VersionUsages = Readonly<Record<Side, VersionUsage | null>>;

export class UsageOfVersions {
  readonly #versionReader: (side: Side) => Pick<VersionReader, 'usage'> | null;
  #known: VersionUsages = { a: null, b: null };
  #asking: Promise<void> | null = null;

  constructor(versionReader: (side: Side) => Pick<VersionReader, 'usage'> | null) {
    this.#versionReader = versionReader;
  }

  async read(): Promise<VersionUsages> {
    this.#asking ??= Promise.all(SIDES.map((side) => this.#ask(side))).then(() => {
      this.#asking = null;
    });
    await withPatience(this.#asking);
    return this.#known;
  }

  async #ask(side: Side): Promise<void> {
    const usage =
      (await this.#versionReader(side)
        ?.usage()
        .catch(() => null)) ?? null;
    this.#known = { ...this.#known, [side]: usage };
  }
}

async function withPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

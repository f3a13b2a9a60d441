// What both sides are called, as one of the two servers knows it: its own name, and what the other told it in `hello`.
import type { Side } from '../../core/path.js';
import { type GivenNames, type SideNames, sideNameIn, sideNames } from '../../core/side-name.js';

export class Naming {
  readonly #side: Side;
  readonly #own: string | undefined;
  /** Of the other side; kept while it is away. */
  #other: string | undefined;

  /** @param own the name of `side`; absent where nobody has named it. */
  constructor(side: Side, own?: string | null) {
    this.#side = side;
    this.#own = own ?? undefined;
  }

  /** The field of `hello` that tells the other server. */
  get told(): { readonly name?: string } {
    return this.#own === undefined ? {} : { name: this.#own };
  }

  /** Takes what the other server told. What cannot be a name is none. */
  hear(hello: unknown): void {
    this.#other = sideNameIn((hello as { readonly name?: unknown }).name, this.#side === 'a' ? 'b' : 'a');
  }

  /** The names that were given. */
  get given(): GivenNames {
    const [a, b] = this.#side === 'a' ? [this.#own, this.#other] : [this.#other, this.#own];
    return { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) };
  }

  /** What texts for people call the sides. */
  get names(): SideNames {
    return sideNames(this.given);
  }
}

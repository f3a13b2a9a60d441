// Tells each side something about its files, one message after the other. What could not be told is made up for when the
// side connects again: it is told everything then.
import type { Side } from '../../core/path.js';
import type { Replica } from '../../replica.js';

/** Sends messages of one kind to both sides. */
export class SideMessages {
  readonly #sent: Record<Side, Promise<void>> = { a: Promise.resolve(), b: Promise.resolve() };
  readonly #replicas: Record<Side, Replica | null> = { a: null, b: null };

  /** A side has connected. */
  joined(side: Side, replica: Replica): void {
    this.#replicas[side] = replica;
  }

  left(side: Side): void {
    this.#replicas[side] = null;
  }

  /** Sends a message once those before it have been taken, unless the side has gone or is another one by then. */
  send(side: Side, message: (replica: Replica) => Promise<void> | undefined): void {
    const replica = this.#replicas[side];
    this.#sent[side] = this.#sent[side].then(async () => {
      if (replica !== null && replica === this.#replicas[side]) await message(replica)?.catch(() => {});
    });
  }
}

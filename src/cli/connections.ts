// Keeps one connection for a run of the client: a shell dials once, and again after the connection is lost.
import { type Address, addressText } from '../client/server-address.js';
import type { Api, Trust } from './context.js';

/** The connection that is kept. */
type Kept = Api & { readonly closed: Promise<unknown>; close(): void };

type Dial<T> = (server: Address, user: string, trust: Trust) => Promise<T>;

export class Connections<T extends Kept> {
  readonly #dial: Dial<T>;
  #current: { readonly key: string; readonly client: Promise<T> } | null = null;

  constructor(dial: Dial<T>) {
    this.#dial = dial;
  }

  /** @returns the connection for this server, user and trust; a different one is closed first. */
  get(server: Address, user: string, trust: Trust = {}): Promise<T> {
    const { secretFile, allowLocal = false, root } = trust;
    const key = JSON.stringify([addressText(server), user, secretFile, allowLocal, root]);
    if (this.#current?.key === key) return this.#current.client;
    this.close();
    const current = { key, client: this.#dial(server, user, trust) };
    this.#current = current;
    const forget = () => {
      if (this.#current === current) this.#current = null;
    };
    current.client.then((client) => client.closed.then(forget), forget);
    return current.client;
  }

  close(): void {
    this.#current?.client.then(
      (client) => client.close(),
      () => {},
    );
    this.#current = null;
  }
}

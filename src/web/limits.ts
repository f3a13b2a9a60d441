// Bounds how many requests of each kind run at one time: of one session, so that it leaves room to others, and of all.
import { HttpError } from './answer.js';
import type { SignedIn } from './visit.js';

const MOST = {
  requests: { session: 32, all: 256 },
  streams: { session: 64, all: 256 },
  transfers: { session: 32, all: 128 },
} as const;

type Kind = keyof typeof MOST;
type Route = (visit: SignedIn) => void | Promise<void>;

export class Limits {
  readonly #all = { requests: 0, streams: 0, transfers: 0 };
  readonly #of = new WeakMap<object, Record<Kind, number>>();

  /** @returns `route`, which is refused where too many of its kind run. */
  bounded(kind: Kind, route: Route): Route {
    return async (visit) => {
      const mine = this.#of.get(visit.session) ?? { requests: 0, streams: 0, transfers: 0 };
      this.#of.set(visit.session, mine);
      if (mine[kind] >= MOST[kind].session || this.#all[kind] >= MOST[kind].all) throw tooMany(kind);
      mine[kind]++;
      this.#all[kind]++;
      try {
        await route(visit);
      } finally {
        mine[kind]--;
        this.#all[kind]--;
      }
    };
  }
}

const tooMany = (kind: Kind): HttpError =>
  new HttpError(503, 'busy', `Too many ${kind} run at present.`, { hint: 'Try again in a moment.' });

// What people ask of server-a: locks of every kind, places in line, unlocks, writes, flushes, pauses.
import type { HeldWay } from '../../src/core/locks/records.js';
import type { RelPath } from '../../src/core/path.js';
import type { Clients, Wish } from './clients.js';
import type { Editors } from './editors/editors.js';
import { accountOf, commandNameOf, PEOPLE } from './editors/programs.js';
import type { Features } from './features.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';
import type { Place } from './replica.js';
import type { ServerA } from './servers.js';
import type { Users } from './users.js';
import type { World } from './world.js';
import type { Writers } from './writers.js';

const WISHES = ['lock', 'lock', 'lock', 'unlock', 'unlock', 'flush', 'rescan', 'pause'];
const WRITES = ['upload', 'upload', 'overwrite', 'rename', 'remove', 'resolve'];
const LINES = ['wait', 'wait', 'wait', 'wait-many', 'leave'];
const BREAKING = ['force', 'steal'];
const TTL_MS = [20, 500, 5_000, 40_000];
const WAIT_MS = [10, 1_000, 20_000];
const WAYS: readonly HeldWay[] = ['apply', 'copy', 'discard'];

/** What wishes are about and go to. */
export interface Asked {
  readonly world: World;
  readonly features: Features;
  readonly places: { readonly a: Place; readonly b: Place };
  readonly ledger: Ledger;
  readonly users: Users;
  readonly clients: Clients;
  readonly writers: Writers;
  /** The server-a that runs now; null while none does. */
  readonly server: () => ServerA | null;
  readonly flush: (server: ServerA, ms: number) => void;
  readonly written: () => void;
  /** Who has documents open; null where nobody has. */
  readonly editors: Editors | null;
}

export class Wishes {
  readonly #asked: Asked;

  readonly #kinds: readonly string[];
  readonly #people: readonly string[];

  constructor(asked: Asked, mayWrite: boolean) {
    this.#asked = asked;

    const { lines, breaking, editors } = asked.features;
    const isBreaking = breaking || editors;
    this.#kinds = [...WISHES, ...(mayWrite ? WRITES : []), ...(lines ? LINES : []), ...(isBreaking ? BREAKING : [])];
    this.#people = [...(lines || breaking ? ['Ann', 'Bob', 'Cid'] : ['Ann', 'Bob']), ...(editors ? ['eva@pc'] : [])];
  }

  /** Somebody wishes something. */
  wish(server: ServerA, random: Random): void {
    const { world, features, clients } = this.#asked;
    const kind = random.pick(this.#kinds);
    const owner = random.pick(this.#people);
    const side = random.pick(['a', 'b'] as const);
    if (['lock', 'steal', 'wait', 'wait-many'].includes(kind)) this.#lock(server, kind, owner, side, random);
    else if (kind === 'unlock' || kind === 'force') {
      const lock = random.pick([...server.lockState.table.locks.values()]);
      if (lock === undefined) return;
      const by = kind === 'unlock' && random.chance(0.8) ? lock.owner : owner;
      const force = kind === 'force' ? { force: true } : {};
      const held = features.ways && random.chance(0.6) ? { held: random.pick(WAYS) } : {};
      this.#ask(server, { kind: 'unlock', paths: [lock.path], owner: by, side: 'a', ...force, ...held });
    } else if (kind === 'leave') clients.leave(server, random.chance(0.4), (of) => random.pick(of));
    else if (kind === 'flush') this.#asked.flush(server, random.between(100, 20_000));
    else if (kind === 'rescan') server.session.rescan();
    else if (kind === 'pause') {
      // A pause outlasts its server, so whichever runs by then resumes.
      const pause = (paused: boolean) =>
        this.#asked
          .server()
          ?.session.pause(paused)
          .catch(() => {});
      void pause(true);
      world.at(random.between(0, 3_000), () => void pause(false));
    } else this.#write(server, kind, owner, random);
  }

  #lock(server: ServerA, kind: string, owner: string, side: 'a' | 'b', random: Random): void {
    const { features, places } = this.#asked;
    const files = [...places[side].disk.walk()].filter(([, { type }]) => type === 'file');
    const one = random.pick(files)?.[0] as RelPath | undefined;
    if (one === undefined) return;
    const { table } = server.lockState;
    const taken = kind === 'lock' ? undefined : (random.pick([...table.locks.keys()]) as RelPath | undefined);
    const document = this.#asked.editors !== null && random.chance(0.4) ? this.#asked.editors.pick(random) : null;
    const first = document ?? (kind !== 'lock' && random.chance(0.8) ? (taken ?? one) : one);
    const holder = document === null ? undefined : table.locks.get(document);
    if (holder !== undefined && kind === 'lock' && random.chance(0.5)) owner = commandNameOf(holder.owner);
    const paths = kind === 'wait-many' && first !== one ? [first, one] : [first];
    const ttl = features.ttl && random.chance(0.6) ? { ttlMs: random.pick(TTL_MS) } : {};
    const how = kind === 'steal' ? { steal: true } : {};
    const forMs = kind === 'wait' && random.chance(0.5) ? random.pick(WAIT_MS) : null;
    const wait = kind.startsWith('wait') ? { wait: { forMs } } : {};
    this.#ask(server, { kind: 'lock', paths, owner, side, ...ttl, ...how, ...wait });
  }

  #ask(server: ServerA, wish: Wish): void {
    void this.#asked.clients.ask(server, wish);
  }

  #write(server: ServerA, kind: string, owner: string, random: Random): void {
    const { writers, users, places, ledger, written } = this.#asked;
    const files = [...places.a.disk.walk()].filter(([, { type }]) => type === 'file');
    const file = random.pick(files)?.[0] as RelPath | undefined;
    const somewhere = users.randomPath(random) as RelPath;
    const path = random.chance(0.5) ? (file ?? somewhere) : somewhere;
    if (kind === 'upload' || kind === 'overwrite') {
      const content = ledger.newContent(random.chance(0.1));
      void writers.upload(server, owner, path, content, kind === 'overwrite');
    } else if (kind === 'resolve') void writers.resolve(server, owner, random.pick(['a', 'b', 'both'] as const));
    else if (file !== undefined && kind === 'rename') void writers.rename(server, owner, file, somewhere);
    else if (file !== undefined) void writers.remove(server, owner, file);
    written();
  }

  /** Everybody gives back what he has. @returns the tokens of all that. */
  giveBack(server: ServerA): ReadonlySet<number> {
    const locks = [...server.lockState.table.locks.values()];
    for (const { path, owner } of locks) this.#ask(server, { kind: 'unlock', paths: [path], owner, side: 'a' });
    return new Set(locks.map(({ token }) => token));
  }

  /** Everybody asks once more what he has lost. */
  askWhatWasLost(server: ServerA): void {
    const { ttl, breaking, editors } = this.#asked.features;
    if (!ttl && !breaking && !editors) return;
    const servers = ['side a', 'side b', accountOf('a'), accountOf('b')];
    const others = editors ? [...PEOPLE.map(({ owner }) => commandNameOf(owner)), ...servers] : [];
    for (const owner of new Set([...this.#people, ...others]))
      this.#ask(server, { kind: 'unlock', paths: ['nothing' as RelPath], owner, side: 'a' });
  }
}

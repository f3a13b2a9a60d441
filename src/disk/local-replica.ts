// The side of the pair that is on this machine: looking, reading and applying, with its own memory of what it saw.
import path from 'node:path';
import type { Change } from '../core/change.js';
import type { Entry } from '../core/entry.js';
import { comparePaths, isAtOrBelow, nameOf, parentOf, type RelPath } from '../core/path.js';
import { entryOf, Snapshot } from '../core/snapshot.js';
import type { Logger } from '../log.js';
import type { Applied, Content, Look, LookScope, Replica, Wanted } from '../sync/replica.js';
import { applyChanges } from './apply.js';
import { Looker } from './look.js';
import { Parents } from './parents.js';
import { readContents } from './read-content.js';
import type { Root } from './root.js';
import { Staging } from './staging.js';
import type { StateDirectory } from './state-directory.js';
import { Store, type Table } from './store.js';
import { Versions } from './versions.js';

/** What a local replica needs. */
export interface LocalReplicaOptions {
  readonly root: Root;
  readonly state: StateDirectory;
  /** Patterns of `--ignore`, gitignore lines. */
  readonly ignore: readonly string[];
  readonly log: Logger;
}

/** One root on this machine. */
export class LocalReplica implements Replica {
  readonly looker: Looker;
  readonly versions: Versions;
  private readonly staging: Staging;
  private readonly store: Store;
  private listener: () => void = () => {};

  constructor(private readonly options: LocalReplicaOptions) {
    const { root, state, ignore, log } = options;
    const known = new Snapshot();
    const { store, setAside } = Store.open(path.join(state.path, 'seen.log'), { seen: tableOf(known) });
    if (setAside !== null)
      log.warn(
        `What was last seen of ${root.path} was damaged and is set aside as ${setAside}; everything is looked at anew.`,
      );
    this.store = store;
    this.staging = new Staging(state.staging);
    this.versions = new Versions(state.versions);
    this.looker = new Looker({ root, ignore, known, watch: true, onHint: () => this.listener(), log });
    this.looker.onSeen = (at, entry) => this.store.put('seen', at, entry);
  }

  /**
   * What stands at `paths` is told even where it is what was seen before: whoever asks for them may have missed it, as
   * the outcome of an apply that was cut short is missed.
   */
  async look(scope: LookScope, paths: readonly RelPath[] = []): Promise<Look> {
    this.looker.suspect(paths);
    const look = await this.looker.look(scope);
    if (look.halt !== null || look.whole || paths.length === 0) return look;
    const told = new Set(look.entries.map(({ path: at }) => at));
    const asked = paths.filter((at) => !told.has(at) && !this.isUnsaid(at, look)).sort(comparePaths);
    const { snapshot } = this.looker;
    return {
      ...look,
      entries: [...look.entries, ...asked.map((at) => ({ path: at, entry: entryOf(snapshot.get(at)) }))],
    };
  }

  /** What is ignored or unknown is neither there nor gone. */
  private isUnsaid(at: RelPath, { unknown }: Look): boolean {
    return unknown.some((above) => isAtOrBelow(at, above)) || this.looker.ignores(parentOf(at), nameOf(at));
  }

  async acceptDeletes(): Promise<void> {
    this.looker.acceptDeletes();
  }

  read(wanted: readonly Wanted[]): AsyncIterable<Content> {
    return readContents(this.options.root.path, wanted);
  }

  apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncIterable<Applied> {
    const parents = new Parents(this.options.root.path);
    const site = { looker: this.looker, parents, staging: this.staging, versions: this.versions };
    return applyChanges(site, changes, contents);
  }

  onHint(listener: () => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    await this.looker.close();
    await this.store.close();
  }
}

/** A snapshot as a table of the store. */
export function tableOf(snapshot: Snapshot): Table {
  return {
    load: (key, value) => snapshot.put(key as RelPath, value as Entry | null),
    *all() {
      for (const [at, node] of snapshot.walk()) yield [at, entryOf(node)] as const;
    },
  };
}

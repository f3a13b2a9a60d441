// What clients do that changes something, as lines of the audit log: each is on the disk before its request is carried
// out, and where it cannot be written the request is refused. A line says what was asked; the event log what came of it.
import { isoTime } from '../../core/iso-time.js';
import type { LockTable } from '../../core/locks/table.js';
import type { RelPath } from '../../core/path.js';
import type { ClientMethods, Target } from '../../wire/client-api/methods.js';
import type { Connection } from '../../wire/socket/connection.js';
import type { Pair } from '../pair/pair.js';

/** The methods that change something. */
const RECORDED: ReadonlySet<keyof ClientMethods> = new Set([
  'lock',
  'unlock',
  'ask',
  'upload',
  'rename',
  'delete',
  'restore',
  'resolve',
  'pause',
  'resume',
  'prune',
]);
/** The most text of paths in a line, in characters: all that a request can name by path. */
const MAX_PATHS_CHARS = 64 * 1024;
/** For so many paths a line says what was there before. */
const MAX_BEFORE = 100;

/** What the audit reads. */
interface Audited {
  readonly log: { write(line: object): Promise<void> };
  readonly lockState: { readonly table: Pick<LockTable, 'locks'>; readonly pause: { readonly by: string } | null };
  readonly pair: Pick<Pair, 'entry'>;
  /** @returns a target that means the same file for good, or stays refused. */
  readonly settled: (target: Target) => Target;
  /** @returns milliseconds since 1970. */
  readonly now?: () => number;
}

/** What of the params of any method is looked at. */
interface Asked {
  readonly owner?: string;
  readonly target?: Target;
  readonly targets?: readonly Target[];
  readonly path?: string;
  readonly to?: string;
  readonly size?: number;
  readonly dryRun?: boolean;
}

export class Audit {
  readonly #audited: Audited;

  constructor(audited: Audited) {
    this.#audited = audited;
  }

  /**
   * Resolves when a request that changes something is on record.
   * @returns its params, in which the files that are on record are the ones that are meant.
   * @throws SyncError `failed` where it cannot be recorded.
   */
  async record<P extends Asked>(method: keyof ClientMethods, asked: P, connection: Connection): Promise<P> {
    if (!RECORDED.has(method) || asked.dryRun === true) return asked;
    const params = this.#settled(asked);
    await this.#audited.log.write(this.#line(method, params, connection));
    return params;
  }

  #settled<P extends Asked>(params: P): P {
    const { settled } = this.#audited;
    const { target, targets } = params;
    return {
      ...params,
      ...(target === undefined ? {} : { target: settled(target) }),
      ...(targets === undefined ? {} : { targets: targets.map(settled) }),
    };
  }

  #line(method: keyof ClientMethods, params: Asked, { person = null, remote, side = 'a' }: Connection): object {
    const { owner, target: _target, targets: _targets, path: _path, ...more } = params;
    const all = pathsOf(params);
    const paths = fitting(all);
    return {
      time: isoTime((this.#audited.now ?? Date.now)()),
      who: person?.name ?? owner ?? null,
      proved: person !== null,
      role: person?.role ?? 'admin',
      from: remote,
      ...(side === 'a' ? {} : { at: side }),
      method,
      ...(paths.length === 0 ? {} : { paths }),
      ...(paths.length === all.length ? {} : { more: all.length - paths.length }),
      ...(Object.keys(more).length === 0 ? {} : { asked: more }),
      ...this.#before(method, paths),
      ...afterOf(method, params, owner),
    };
  }

  /** What is known of the files before, without looking at any disk. */
  #before(method: keyof ClientMethods, paths: readonly string[]): { readonly before?: object } {
    const { lockState, pair } = this.#audited;
    if (method === 'pause' || method === 'resume') return { before: { paused: lockState.pause?.by ?? null } };
    const known = paths.slice(0, MAX_BEFORE).flatMap((path) => {
      const lock = lockState.table.locks.get(path as RelPath);
      const entry = pair.entry('a', path as RelPath);
      const file = OF_LOCKS.has(method) || entry?.type !== 'file' ? {} : { size: entry.size, hash: entry.hash };
      const before = lock === undefined ? file : { owner: lock.owner, ...file };
      return Object.keys(before).length === 0 ? [] : [[path, before] as const];
    });
    return known.length === 0 ? {} : { before: Object.fromEntries(known) };
  }
}

const OF_LOCKS: ReadonlySet<keyof ClientMethods> = new Set(['lock', 'unlock', 'ask']);

/** What will be, where the request says it. */
function afterOf(method: keyof ClientMethods, { to, size }: Asked, owner?: string): { readonly after?: object } {
  if (method === 'lock') return { after: { owner } };
  if (method === 'unlock') return { after: { owner: null } };
  if (method === 'rename') return { after: { path: to } };
  if (method === 'upload') return { after: { size } };
  if (method === 'pause') return { after: { paused: owner ?? null } };
  return method === 'resume' ? { after: { paused: null } } : {};
}

/** Numbers that no file has are left out: nothing is done about them. */
function pathsOf({ target, targets, path }: Asked): string[] {
  const named = [...(target === undefined ? [] : [target]), ...(targets ?? [])];
  return [...named.flatMap((one) => ('path' in one ? [one.path] : [])), ...(path === undefined ? [] : [path])];
}

function fitting(paths: readonly string[]): readonly string[] {
  let chars = 0;
  const past = paths.findIndex((path) => {
    chars += path.length;
    return chars > MAX_PATHS_CHARS;
  });
  return past < 0 ? paths : paths.slice(0, past);
}

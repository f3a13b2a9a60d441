// Two people with locks. What they are told is compared with what they were told before: one holds at most, and it stays
// theirs until they give it back, whatever dies meanwhile.
import type { RelPath, Side } from '../../src/core/path.js';
import type { Refused } from '../../src/wire/messages.js';
import type { ServerA } from './servers.js';
import type { World } from './world.js';

export interface Claim {
  readonly owner: string;
  /** Whether they have asked to be rid of it: from then on it may be anybody's. */
  releasing: boolean;
}

export class Clients {
  private readonly claims = new Map<RelPath, Claim>();
  private lastToken = 0;
  asking = 0;
  /** Unlocks that are on their way, by owner and path: a lock may be granted and given back before either is answered. */
  private readonly releasing = new Map<string, number>();
  /** Who waits for an answer, and whether what he gets may have gone along with a rename before he has it. */
  private readonly waiting = new Set<{ readonly owner: string; readonly path: RelPath; renamed: boolean }>();

  constructor(private readonly world: World) {}

  async ask(server: ServerA, kind: 'lock' | 'unlock', path: RelPath, owner: string, side: Side): Promise<void> {
    const claim = this.claims.get(path);
    if (kind === 'unlock' && claim?.owner === owner) claim.releasing = true;
    if (kind === 'unlock') this.count(owner, path, 1);
    this.asking++;
    const wish = { owner, path, renamed: false };
    this.waiting.add(wish);
    const since = this.world.time;
    const answer = await server.session.desk.ask({ kind, path, owner, side, message: '' });
    if (!server.process.alive) return;
    this.asking--;
    this.waiting.delete(wish);
    if (kind === 'unlock') this.count(owner, path, -1);
    this.world.say(() => `${owner} is answered: ${kind} ${path} ${JSON.stringify(answer).slice(0, 160)}`);
    if (this.world.time - since > 130_000)
      this.world.broken(`${owner} waited ${this.world.time - since} ms for ${kind} ${path}`);
    if ('error' in answer) {
      const present = this.claims.get(path);
      if (
        (answer as Refused).error.code === 'locked' &&
        present?.owner === owner &&
        !present.releasing &&
        kind === 'lock'
      ) {
        this.world.broken(`${owner} lost the lock of ${path}`);
      }
      return;
    }
    if (kind === 'unlock') {
      if (this.claims.get(path)?.owner === owner) this.claims.delete(path);
      return;
    }
    const present = this.claims.get(path);
    if (present !== undefined && present.owner !== owner && !present.releasing) {
      this.world.broken(`${path} is locked by ${present.owner} and ${owner} at once`);
    }
    const token = answer.token as number;
    if (answer.changed && token <= this.lastToken) this.world.broken(`token ${token} after ${this.lastToken}`);
    this.lastToken = Math.max(this.lastToken, token);
    this.claims.set(path, { owner, releasing: wish.renamed || (this.releasing.get(`${owner} ${path}`) ?? 0) > 0 });
  }

  /** Those who were told that they hold one of `paths`, were not to be rid of it, and are not `owner`. */
  heldByOthers(owner: string, paths: readonly RelPath[]): Claim[] {
    const claims = paths.flatMap((path) => this.claims.get(path) ?? []);
    return claims.filter((claim) => claim.owner !== owner && !claim.releasing);
  }

  /**
   * `owner` has files at `paths` renamed, and their locks go along: from now on theirs may be gone from there, also one that
   * is asked for still. @returns to be called when that has ended.
   */
  renaming(owner: string, paths: readonly RelPath[]): () => void {
    for (const path of paths) {
      const claim = this.claims.get(path);
      if (claim?.owner === owner) claim.releasing = true;
    }
    for (const path of paths) {
      this.count(owner, path, 1);
      for (const wish of this.waiting) if (wish.owner === owner && wish.path === path) wish.renamed = true;
    }
    return () => {
      for (const path of paths) this.count(owner, path, -1);
    };
  }

  private count(owner: string, path: RelPath, by: 1 | -1): void {
    const key = `${owner} ${path}`;
    this.releasing.set(key, (this.releasing.get(key) ?? 0) + by);
  }

  /** server-a has started anew: whoever was told that they hold a lock still does. */
  restarted(server: ServerA): void {
    this.asking = 0;
    this.releasing.clear();
    this.waiting.clear();
    for (const [path, { owner, releasing }] of this.claims) {
      if (!releasing && server.book.table.locks.get(path)?.owner !== owner) {
        this.world.broken(`the lock of ${owner} on ${path} did not survive`);
      }
    }
  }
}

// What must hold of a pair after any plan, whatever two people did to it: it is settled, nothing that someone made is
// lost, nothing that someone deleted comes back, and what is pinned was left alone.
import { expect } from 'vitest';
import { type Entry, sameContent, sameEntry } from '../../../src/core/entry.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { isEmpty, originalOf, type Pair, planOf } from './apply.js';
import { after, type Deeds } from './random.js';
import { differences, lineage, showEntry, showTree, type Tree } from './tree.js';

const isDir = (entry: Entry | null | undefined): boolean => entry?.type === 'dir';

/** Both sides and the archive are one tree, and there is nothing to do. */
export function expectSettled(pair: Pair): void {
  expect(showTree(pair.b)).toBe(showTree(pair.a));
  expect(showTree(pair.archive)).toBe(showTree(pair.a));
  expect(isEmpty(planOf(pair))).toBe(true);
}

/** Every content that a side made of its own is at its path, or in a copy of it. */
export function expectKept(archive: Tree, side: Tree, end: Tree, elsewhere: readonly Entry[] = []): void {
  for (const [at, entry] of side) {
    if (entry.type === 'dir' || sameContent(archive.get(at) ?? null, entry)) continue;
    const homes = [...end].filter(([home]) => originalOf(home) === at).map(([, kept]) => kept);
    const kept = [...homes, ...elsewhere].some((home) => sameContent(home, entry));
    expect(kept, `${showEntry(at, entry)} is lost in ${showTree(end)}`).toBe(true);
  }
}

/** What one side deleted and the other had not touched is gone, unless its directory became a matter of its own. */
export function expectGone(pair: Pair, end: Tree): void {
  for (const [at, entry] of pair.archive) {
    if (entry.type === 'dir') continue;
    for (const [deleter, winner] of [
      [pair.a, pair.b],
      [pair.b, pair.a],
    ] as const) {
      const clash = lineage(at).some(
        (above) => deleter.has(above) && winner.has(above) && isDir(deleter.get(above)) !== isDir(winner.get(above)),
      );
      if (clash || deleter.has(at) || !sameEntry(winner.get(at) ?? null, entry)) continue;
      expect(sameContent(end.get(at) ?? null, entry), `${showEntry(at, entry)} came back`).toBe(false);
    }
  }
}

/** At and below `pin` nothing was made, changed or removed, and the directories above it still are directories. */
export function expectUntouched(pin: RelPath, before: Tree, now: Tree): void {
  const under = (side: Tree) => new Map([...side].filter(([at]) => at === pin || at.startsWith(`${pin}/`)));
  expect(showTree(under(now))).toBe(showTree(under(before)));
  if (before.has(pin)) for (const above of lineage(pin).slice(0, -1)) expect(isDir(now.get(above))).toBe(true);
}

/** The contents that someone made and nobody has deleted or overwritten by hand since. */
export class Made {
  readonly #words: { readonly at: RelPath; readonly entry: Entry }[] = [];

  constructor(pair: Pair) {
    for (const side of ['a', 'b'] as const) this.#note(pair, new Map(), pair[side]);
  }

  /** Someone works on `side`; what their hands destroy is no longer ours to keep, wherever it stands. */
  perturb(pair: Pair, side: Side, done: Deeds): void {
    const before = new Map(pair[side]);
    const now = after(before, done);
    for (const at of differences(before, now)) {
      const gone = before.get(at) ?? null;
      if (gone !== null && !sameContent(gone, now.get(at) ?? null)) this.#forget(gone);
    }
    pair[side].clear();
    for (const [at, entry] of now) pair[side].set(at, entry);
    this.#note(pair, before, now);
  }

  expectAll(pair: Pair): void {
    const everywhere = [...pair.a.values(), ...pair.b.values()];
    for (const { at, entry } of this.#words) {
      const kept = everywhere.some((one) => sameContent(one, entry));
      expect(kept, `${showEntry(at, entry)} is lost`).toBe(true);
    }
  }

  /** What both sides shared at a path is nobody's own there, though it was put back by hand. */
  #note(pair: Pair, before: Tree, now: Tree): void {
    for (const [at, entry] of now) {
      const known = [before.get(at), pair.archive.get(at)].some((one) => sameContent(one ?? null, entry));
      if (entry.type !== 'dir' && !known) this.#words.push({ at, entry });
    }
  }

  #forget(gone: Entry): void {
    const kept = this.#words.filter(({ entry }) => !sameContent(entry, gone));
    this.#words.splice(0, this.#words.length, ...kept);
  }
}

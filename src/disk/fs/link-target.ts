// Whether a symbolic link at a path of this root leads to the inside of the root, by its text and through the other
// links in the root. Only such links are synchronised; both the side that reads a link and the side that creates it
// check that. If another link changes, the next full scan checks again. Lockstep never follows a link to read a
// content.
import * as fs from 'node:fs';
import { posix } from 'node:path';
import { parentOf, quote, type RelPath, STATE_DIR } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';

/** How many links Linux follows in one path. */
const MAX_LINKS = 40;

/** Checks links of one root. Short-lived: directories that were found are not checked again. */
export class LinkTargets {
  readonly #root: string;
  readonly #planned: ReadonlyMap<string, string>;

  readonly #directories = new Set<string>();

  /**
   * @param root absolute real path of the root.
   * @param planned path → target of links that are about to be created.
   */
  constructor(root: string, planned: ReadonlyMap<string, string> = new Map()) {
    this.#root = root;
    this.#planned = planned;
  }

  /** @returns why a link at `path` to `target` must not be synchronised; null where it may. */
  faultOf(path: RelPath, target: string): string | null {
    for (const spelled of new Set([target, target.replaceAll('\\', '/')])) {
      if (posix.isAbsolute(spelled)) return `its target ${quote(target)} is absolute`;
      const resolved = posix.join(parentOf(path), spelled);
      if (resolved === '..' || resolved.startsWith('../')) return `its target ${quote(target)} leaves the root`;
    }
    return this.#resolve(path, target);
  }

  /**
   * Resolves the target name by name. A name that does not exist counts as a directory; a cycle of links leads nowhere.
   */
  #resolve(path: RelPath, target: string): string | null {
    const at = parentOf(path).split('/').filter(isName);
    const ahead = namesOf(target);
    const passed = new Set<string>();
    while (ahead.length > 0) {
      const name = ahead.pop()!;
      if (name === '..') {
        if (at.pop() === undefined) return `its target ${quote(target)} leaves the root through another link`;
        continue;
      }
      at.push(name);
      if (at[0] === STATE_DIR) return `its target ${quote(target)} is in ${STATE_DIR}`;
      const next = this.#linkAt(at.join('/'));
      if (next === null) continue;
      if (posix.isAbsolute(next)) return `its target ${quote(target)} leads to ${quote(next)} through another link`;
      const place = `${at.join('/')}\0${ahead.join('/')}`;
      if (passed.has(place)) return null;
      passed.add(place);
      if (passed.size > MAX_LINKS) return `its target ${quote(target)} leads through more than ${MAX_LINKS} links`;
      at.pop();
      ahead.push(...namesOf(next));
    }
    return null;
  }

  /** @returns the target of the link at `path`; null where there is none. */
  #linkAt(path: string): string | null {
    const planned = this.#planned.get(path);
    if (planned !== undefined || this.#directories.has(path)) return planned ?? null;
    const absolute = `${this.#root}/${path}`;
    try {
      const stats = fs.lstatSync(absolute, { throwIfNoEntry: false });
      if (stats?.isDirectory()) this.#directories.add(path);
      return stats?.isSymbolicLink() ? fs.readlinkSync(absolute) : null;
    } catch {
      return null; // a path that cannot be entered leads nowhere
    }
  }
}

const isName = (name: string): boolean => name !== '' && name !== '.';

/** @returns the names of a target, the last one first. */
const namesOf = (target: string): string[] => target.split('/').filter(isName).reverse();

/** @returns the links in `snapshot` at and below `from`, with their targets. */
export function* linksIn(snapshot: Snapshot, from: RelPath | '' = ''): Generator<[RelPath, string]> {
  for (const [path, node] of snapshot.walk(from)) if (node.type === 'symlink') yield [path, node.target];
}

/** A link that must not be created. */
export class BadLink extends Error {}

/** Admits links to one root: only those that lead to the inside and redirect no other link to the outside. */
export class LinkGate {
  readonly #root: string;
  readonly #snapshot: Snapshot;

  /** Links with `..` after a name, whose destination depends on what that name is; collected on first use. */
  #winding: Map<RelPath, string> | null = null;

  /**
   * @param root absolute real path of the root.
   * @param snapshot what is in it.
   */
  constructor(root: string, snapshot: Snapshot) {
    this.#root = root;
    this.#snapshot = snapshot;
  }

  /**
   * @param planned path → target of links that are about to be created.
   * @throws BadLink where one of them must not be created, or would redirect another link to the outside.
   */
  admit(planned: ReadonlyMap<RelPath, string>): void {
    if (planned.size === 0) return;
    const targets = new LinkTargets(this.#root, planned);
    for (const [path, target] of planned) {
      const fault = targets.faultOf(path, target);
      if (fault !== null) throw new BadLink(`The link ${quote(path)} is not put there: ${fault}.`);
    }
    this.#winding ??= new Map([...linksIn(this.#snapshot)].filter(([, target]) => isWinding(target)));
    for (const [path, target] of this.#winding) {
      if (planned.has(path) || targets.faultOf(path, target) === null) continue;
      const [first] = planned.keys();
      throw new BadLink(`The link ${quote(first!)} is not put there: it would lead ${quote(path)} out of the root.`);
    }
    for (const [path, target] of planned) if (isWinding(target)) this.#winding.set(path, target);
  }
}

const isWinding = (target: string): boolean => {
  const names = target.split('/').filter(isName);
  return names.lastIndexOf('..') > names.findIndex((name) => name !== '..') && names.some((name) => name !== '..');
};

// Literal trees on a temporary disk: put one down, read one back, in the same shape.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

/** A file as its content, a directory as a tree, a link as its target. */
export type TreeNode = string | Buffer | { readonly link: string } | Tree;
export interface Tree {
  readonly [name: string]: TreeNode;
}

const isLink = (node: TreeNode): node is { link: string } =>
  typeof node === 'object' && !Buffer.isBuffer(node) && typeof node.link === 'string' && Object.keys(node).length === 1;

/** @returns a new empty directory below the system's temporary one, every link in its path resolved. */
export function makeRoot(name = 'root'): string {
  return fs.realpathSync(fs.mkdtempSync(join(tmpdir(), `lockstep-${name}-`)));
}

/** Removes what `makeRoot` made, and nothing else. */
export function removeRoot(root: string): void {
  const temporary = fs.realpathSync(tmpdir()) + sep;
  if (!root.startsWith(`${temporary}lockstep-`)) throw new Error(`${root} is not a temporary root.`);
  fs.rmSync(root, { recursive: true, force: true });
}

/** Puts `tree` down in `root`, over what is there. A link is written as `{ link: 'target' }`. */
export function put(root: string, tree: Tree): void {
  for (const [name, node] of Object.entries(tree)) {
    const path = join(root, name);
    if (typeof node === 'string' || Buffer.isBuffer(node)) fs.writeFileSync(path, node);
    else if (isLink(node)) fs.symlinkSync(node.link, path);
    else {
      fs.mkdirSync(path, { recursive: true });
      put(path, node as Tree);
    }
  }
}

/** @returns what is in `root`, contents as text; `.lockstep` is left out. */
export function readTree(root: string): Tree {
  const tree: Record<string, TreeNode> = {};
  for (const dirent of fs.readdirSync(root, { withFileTypes: true })) {
    if (dirent.name === '.lockstep') continue;
    const path = join(root, dirent.name);
    if (dirent.isDirectory()) tree[dirent.name] = readTree(path);
    else if (dirent.isSymbolicLink()) tree[dirent.name] = { link: fs.readlinkSync(path) };
    else if (dirent.isFile()) tree[dirent.name] = fs.readFileSync(path, 'utf8');
  }
  return tree;
}

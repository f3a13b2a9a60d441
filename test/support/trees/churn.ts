// Random churn in a directory, from a seed: what users and their programs do to a tree, at full speed.
import * as fs from 'node:fs';

/** mulberry32. */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'a b', 'ä'];

/** One step after the other; a step that is impossible at the moment does nothing. */
export class Churn {
  readonly #random: () => number;
  #count = 0;

  /** @param outside a directory on the same file system that is not watched. */
  constructor(
    readonly root: string,
    readonly outside: string,
    seed: number,
  ) {
    this.#random = randomFrom(seed);
  }

  step(): void {
    const steps = [
      this.#write,
      this.#write,
      this.#overwrite,
      this.#append,
      this.#renameFile,
      this.#renameFile,
      this.#renameDir,
      this.#renameDir,
      this.#moveOut,
      this.#moveIn,
      this.#deepWrite,
      this.#deepWrite,
      this.#remove,
      this.#removeTree,
      this.#swap,
      this.#link,
      this.#chmod,
      this.#replaceDir,
      this.#saveByRename,
    ];
    const step = steps[Math.floor(this.#random() * steps.length)]!;
    try {
      step.call(this);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)]!;
  }

  /** A path in the tree, of one to four names; what is there, if anything, is left to chance. */
  #any(depth = 1 + Math.floor(this.#random() * 4)): string {
    return `${this.root}/${Array.from({ length: depth }, () => this.#pick(NAMES)).join('/')}`;
  }

  #content(): string {
    return `${this.#count++} ${'x'.repeat(Math.floor(this.#random() * 3))}`;
  }

  #dirs(): string[] {
    const found = [this.root];
    for (const dir of found) {
      for (const dirent of fs.readdirSync(dir, { withFileTypes: true })) {
        if (dirent.isDirectory()) found.push(`${dir}/${dirent.name}`);
      }
    }
    return found;
  }

  #someDir(): string {
    return this.#pick(this.#dirs());
  }

  #some(): string {
    const dir = this.#someDir();
    const names = fs.readdirSync(dir);
    return names.length === 0 ? this.#any() : `${dir}/${this.#pick(names)}`;
  }

  #fresh(): string {
    return `${this.#someDir()}/${this.#pick(NAMES)}`;
  }

  #write(): void {
    fs.writeFileSync(this.#fresh(), this.#content());
  }
  #overwrite(): void {
    const path = this.#some();
    if (!fs.lstatSync(path).isFile()) return;
    fs.writeFileSync(path, this.#content());
    fs.writeFileSync(path, this.#content());
  }
  #append(): void {
    const path = this.#some();
    if (fs.lstatSync(path).isFile()) fs.appendFileSync(path, this.#content());
  }
  #renameFile(): void {
    const path = this.#some();
    if (!fs.lstatSync(path).isDirectory()) fs.renameSync(path, this.#fresh());
  }
  #renameDir(): void {
    const path = this.#someDir();
    if (path !== this.root) fs.renameSync(path, this.#fresh());
  }
  #moveOut(): void {
    const path = this.#someDir();
    if (path !== this.root) fs.renameSync(path, `${this.outside}/${this.#pick(NAMES)}`);
  }
  #moveIn(): void {
    const name = this.#pick(fs.readdirSync(this.outside).concat('none'));
    if (this.#random() < 0.5) fs.writeFileSync(`${this.outside}/${name}/${this.#pick(NAMES)}`, this.#content());
    fs.renameSync(`${this.outside}/${name}`, this.#fresh());
  }
  #deepWrite(): void {
    const dir = this.#any();
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(`${dir}/${this.#pick(NAMES)}`, this.#content());
  }
  #remove(): void {
    const path = this.#some();
    if (!fs.lstatSync(path).isDirectory()) fs.unlinkSync(path);
  }
  #removeTree(): void {
    const path = this.#someDir();
    if (path !== this.root && this.#dirs().length > 12) fs.rmSync(path, { recursive: true });
  }
  #swap(): void {
    const [x, y] = [this.#someDir(), this.#someDir()];
    if (x === y || x.startsWith(`${y}/`) || y.startsWith(`${x}/`) || x === this.root || y === this.root) return;
    const between = `${this.root}/swap`;
    fs.renameSync(x, between);
    fs.renameSync(y, x);
    fs.renameSync(between, y);
  }
  #link(): void {
    fs.symlinkSync(this.#pick(NAMES), this.#fresh());
  }
  #chmod(): void {
    const path = this.#some();
    if (!fs.lstatSync(path).isSymbolicLink()) fs.chmodSync(path, this.#random() < 0.5 ? 0o755 : 0o700);
  }
  /** The same name, perhaps the same inode number, another directory. */
  #replaceDir(): void {
    const path = this.#someDir();
    if (path === this.root || this.#dirs().length <= 12) return;
    fs.rmSync(path, { recursive: true });
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/${this.#pick(NAMES)}`, this.#content());
  }
  #saveByRename(): void {
    const path = this.#some();
    if (!fs.lstatSync(path).isFile()) return;
    fs.writeFileSync(`${path}.tmp`, this.#content());
    fs.renameSync(`${path}.tmp`, path);
  }
}

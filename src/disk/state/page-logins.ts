// Who is signed in to the page, kept in ROOT/.lockstep/page.json: a page that is left open goes on after a restart of
// server-a. Only the hashes of cookies are in it. A file that is damaged costs everybody a new address, and is set aside.
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { STATE_DIR } from '../../core/path.js';
import { replaceFile, setAside } from '../fs/whole-file.js';

const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.object({
  version: v.literal(1),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  access: v.string(),
  logins: v.array(
    v.object({
      hash: v.pipe(v.string(), v.regex(/^[\da-f]{64}$/)),
      name: v.string(),
      role: v.nullable(v.picklist(['read', 'user', 'admin'])),
      until: time,
      used: time,
    }),
  ),
});
const MAX_BYTES = 1 << 20;

/** Where the page was served, how names were proved then, and who is signed in (as `KeptLogin` of the page has it). */
type KeptPage = Omit<v.InferOutput<typeof schema>, 'version' | 'logins'> & {
  readonly logins: readonly v.InferOutput<typeof schema>['logins'][number][];
};

export class PageLogins {
  readonly #file: string;
  readonly #warn: (text: string) => void;

  /**
   * @param root path of a root whose state directory is open.
   * @param warn says what cannot be read or written: no server fails for that.
   */
  constructor(root: string, warn: (text: string) => void) {
    this.#file = path.join(root, STATE_DIR, 'page.json');
    this.#warn = warn;
  }

  /** @returns what was kept; null where nothing was, or where it cannot be used. */
  read(): KeptPage | null {
    try {
      const text = fs.readFileSync(this.#file, 'utf8');
      return v.parse(schema, JSON.parse(text.slice(0, MAX_BYTES)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      this.#attempt(() => {
        const aside = setAside(this.#file);
        this.#warn(
          `${this.#file} is damaged and was set aside as ${aside}. The page asks everybody for a new address.`,
        );
      });
      return null;
    }
  }

  write(page: KeptPage): void {
    this.#attempt(() => replaceFile(this.#file, `${JSON.stringify({ version: 1, ...page })}\n`));
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#warn(`After a restart the page asks everybody for a new address: ${(error as Error).message}`);
    }
  }
}

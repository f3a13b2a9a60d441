// Reads `.lockstep-rules`, the file in a root that says which documents are locked and how.
import fs from 'node:fs';
import type { Problem } from '../../core/errors.js';
import { type LockRules, parseLockRules, type RuleProblem } from '../../core/owner-files/rules.js';
import type { RelPath } from '../../core/path.js';
import { Parents, type Root } from '../fs/parents.js';

/** Its path; it is synchronised like any other file. */
export const RULES_FILE = '.lockstep-rules' as RelPath;

/** A larger file is refused whole, so no more of it needs to be read. */
const MAX_READ_BYTES = 65_537;
/** The most bad lines that are named at once. */
const MAX_NAMED = 5;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The rules of one root. */
export class RulesFile {
  readonly #root: Root;
  #rules: LockRules = parseLockRules('').rules;
  #problems: readonly Problem[] = [];
  /** What the file was when it was read; null: there was none. Undefined: it was never read. */
  #read: string | null | undefined;
  /** Called when there are other rules. */
  onChange: () => void = () => {};

  constructor(root: Root) {
    this.#root = root;
  }

  get rules(): LockRules {
    return this.#rules;
  }

  /** What is wrong with its lines. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Reads it again if it is another one than before. @param hash of its content; null where there is none. */
  refresh(hash: string | null): void {
    if (hash === this.#read) return;
    this.#read = hash;
    const { rules, problems } = parseLockRules(hash === null ? '' : this.#text());
    this.#rules = rules;
    this.#problems =
      problems.length === 0 ? [] : [{ path: RULES_FILE, code: 'bad-rule', message: messageOf(problems) }];
    this.onChange();
  }

  #text(): string {
    let parents: Parents | null = null;
    let fd: number | null = null;
    try {
      parents = new Parents(this.#root);
      fd = fs.openSync(parents.at('', RULES_FILE), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const content = Buffer.alloc(MAX_READ_BYTES);
      return content.toString('utf8', 0, fs.readSync(fd, content, 0, content.length, 0));
    } catch {
      return ''; // it is gone again, or cannot be read: scans report that
    } finally {
      if (fd !== null) fs.closeSync(fd);
      parents?.close();
    }
  }
}

/** One problem for the file: a path has one problem of each kind. */
function messageOf(problems: readonly RuleProblem[]): string {
  const named = problems.slice(0, MAX_NAMED).map(({ line, message }) => `Line ${line}: ${message}`);
  const more = problems.length - named.length;
  return `${named.join(' ')}${more === 0 ? '' : ` And ${more} more.`} The other lines count.`;
}

// gitignore lines of which some have several `**`: at each level of a path the last line that matches it decides, and
// nothing below an ignored directory is taken back. It means what `ignore` means, in time that a path cannot stretch.

import ignore, { type Ignore } from 'ignore';
import type { RelPath } from '../../core/path.js';
import { GlobstarRule, needsGlobstarRule } from './globstar-rule.js';

const MAX_REMEMBERED = 20_000;

/** Lines one after the other that do the same with what they match. */
interface Block {
  readonly takesBack: boolean;
  /** Lines for `ignore`, or one rule that is not. */
  readonly rule: string[] | GlobstarRule;
  matcher: Ignore | null;
}

/** Rules in their order. */
export class OrderedRules {
  /** The last line first. */
  readonly #blocks: Block[] = [];
  #asked = 0;

  constructor(lines: readonly string[]) {
    for (const line of lines) {
      const takesBack = line.startsWith('!');
      const pattern = takesBack ? line.slice(1) : line;
      const [next] = this.#blocks;
      if (needsGlobstarRule(pattern)) {
        this.#blocks.unshift({ takesBack, rule: new GlobstarRule(pattern), matcher: null });
      } else if (next !== undefined && next.takesBack === takesBack && Array.isArray(next.rule))
        next.rule.push(pattern);
      else this.#blocks.unshift({ takesBack, rule: [pattern], matcher: null });
    }
  }

  /** @returns whether `path`, or a directory above it, is left out. */
  ignores(path: RelPath, isDir: boolean): boolean {
    const names = path.split('/');
    const tests = this.#blocks.map((block) => ({ ...block, isAt: this.#levelsOf(block, names, isDir) }));
    for (let level = 1, end = 0; level <= names.length; level++) {
      end += names[level - 1]!.length + (level === 1 ? 0 : 1);
      const at = level < names.length || isDir ? `${path.slice(0, end)}/` : path;
      const decides = tests.find(({ isAt }) => isAt(level, at));
      if (decides !== undefined && !decides.takesBack) return true;
    }
    return false;
  }

  #levelsOf(block: Block, names: readonly string[], isDir: boolean): (level: number, at: string) => boolean {
    if (block.rule instanceof GlobstarRule) return block.rule.levelsOf(names, isDir);
    this.#asked += names.length;
    if (this.#asked > MAX_REMEMBERED) {
      for (const each of this.#blocks) each.matcher = null;
      this.#asked = 0;
    }
    // As lines that take back, they ignore nothing above the path that is asked for.
    block.matcher ??= ignore({ ignoreCase: false }).add(block.rule.map((line) => `!${line}`));
    const { matcher } = block;
    return (_level, at) => matcher.test(at).unignored;
  }
}

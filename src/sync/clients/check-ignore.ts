// Why a path is not synchronised: the rule that leaves it out, and where that rule stands.
import { setWith } from '../../core/ignore-sets.js';
import { parsePath, type RelPath, type Side } from '../../core/path.js';
import { builtInRuleFor, IGNORE_FILE, type IgnoreRules } from '../../disk/scan/ignore-rules.js';
import type { Ignored } from '../../wire/client-api/ignored.js';

/** The rules in force. */
interface RulesInForce {
  readonly a: { readonly rules: IgnoreRules };
  readonly b: { readonly rules: IgnoreRules };
}

/**
 * @param path as typed; a slash at its end means a directory.
 * @param ignoreFile the lines of `.lockstepignore`, comments and empty ones included.
 * @throws SyncError `bad-path`.
 */
export function checkIgnore(path: string, pair: RulesInForce, ignoreFile: () => readonly string[]): Ignored {
  const plain = path.replace(/^(\.\/+)+(?=[^/])/, '').replace(/(?<=[^/])\/+$/, '');
  const builtIn = builtInRuleFor(plain);
  if (builtIn !== null) return { path: plain, ignored: true, rule: builtIn, source: 'built-in', side: 'both' };
  const parsed = parsePath(plain);
  const [a, b] = [decidingRule(pair.a.rules, parsed), decidingRule(pair.b.rules, parsed)];
  const rule = a ?? b;
  if (rule === null) return { path: plain, ignored: false };
  const side: Side | 'both' = a !== null && b !== null ? 'both' : a !== null ? 'a' : 'b';
  const line = ignoreFile().findLastIndex((one) => one.replace(/\r$/, '') === rule);
  if (line < 0) {
    const set = setWith(rule, (a === null ? pair.b : pair.a).rules.lines);
    const found = { path: plain, ignored: true, rule, side };
    return set === null ? { ...found, source: 'flag' } : { ...found, source: 'set', set };
  }
  return { path: plain, ignored: true, rule, source: 'file', file: IGNORE_FILE, line: line + 1, side };
}

/** A rule may be about directories only, and nobody has to type a slash. */
const decidingRule = (rules: IgnoreRules, path: RelPath): string | null =>
  rules.deciding(path, false) ?? rules.deciding(path, true);

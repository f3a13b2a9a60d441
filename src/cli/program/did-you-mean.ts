// What somebody may have meant who typed a command that there is not: what other programs call it, or a slip of the pen.
import type { Command } from 'commander';

/** What people bring along from other programs. */
const CALLED: Readonly<Record<string, string>> = {
  ...{ add: 'upload', put: 'upload', push: 'upload', import: 'upload', cp: 'upload' },
  ...{ get: 'download', pull: 'download', fetch: 'download', export: 'download', cat: 'download' },
  ...{ ls: 'list', dir: 'list', files: 'list', show: 'list' },
  ...{ remove: 'delete', del: 'delete', unlink: 'delete', trash: 'delete' },
  ...{ move: 'rename', ren: 'rename' },
  ...{ undo: 'restore', recover: 'restore', revert: 'restore', rollback: 'restore' },
  ...{ history: 'versions', version: 'versions', deleted: 'versions', backups: 'versions' },
  ...{
    release: 'unlock',
    free: 'unlock',
    checkout: 'lock',
    checkin: 'unlock',
    take: 'lock',
    request: 'ask',
    nudge: 'ask',
  },
  ...{ sync: 'flush', wait: 'flush', stop: 'pause', start: 'resume', continue: 'resume', info: 'status', st: 'status' },
  ...{ ignored: 'check-ignore', 'ls-ignored': 'check-ignore', quit: 'help', exit: 'help' },
};

/** @returns the command that `typed` may mean; null where no guess is good. */
export function meantCommand(typed: string, program: Command): string | null {
  const names = program.commands.flatMap((one) =>
    one.name().startsWith('_') ? [] : [one.name(), ...one.aliases()].map((name) => [name, one.name()] as const),
  );
  const word = typed.toLowerCase();
  const called = Object.hasOwn(CALLED, word) ? CALLED[word]! : null;
  if (called !== null && names.some(([name]) => name === called)) return called;
  const near = names
    .map(([name, command]) => ({ command, slips: slipsBetween(word, name) }))
    .filter(({ slips }) => slips <= (word.length > 5 ? 2 : 1))
    .sort((x, y) => x.slips - y.slips);
  const beginnings = new Set(
    names.filter(([name]) => word.length > 1 && name.startsWith(word)).map(([, name]) => name),
  );
  return near[0]?.command ?? (beginnings.size === 1 ? [...beginnings][0]! : null);
}

/** How many letters are missing, superfluous, wrong or in the wrong order (Damerau and Levenshtein). */
function slipsBetween(x: string, y: string): number {
  const rows: number[][] = [Array.from({ length: y.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      const same = x[i - 1] === y[j - 1];
      const isSwap = i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1];
      const swap = isSwap ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1), swap));
    }
    rows.push(row);
  }
  return rows[x.length]![y.length]!;
}

// Mutants that change nothing that anybody could see, each with the reason. They are left out of the sample.
import type { Shown } from './mutation.js';

interface Equivalent {
  readonly file: string;
  /** The whole line, without the spaces around it. */
  readonly source: string;
  readonly original: string;
  readonly mutated: string;
  readonly reason: string;
}

const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'src/core/locks/release.ts',
    source: 'if (oldest !== undefined && table.notices.size >= MOST_NOTICES) {',
    original: 'oldest !== undefined && table.notices.size >= MOST_NOTICES',
    mutated: '(table.notices.size >= MOST_NOTICES)',
    reason: 'A table with that many has an oldest.',
  },
  {
    file: 'src/core/delta.ts',
    source: 'const size = contentOf(change)?.size ?? 0;',
    original: '0',
    mutated: '1',
    reason: 'Both are far below the smallest size that counts.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const change of trial.toA) this.plan.toA.push(change);',
    original: 'push',
    mutated: 'unshift',
    reason: 'Every plan is put into its order at the end.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const change of trial.toB) this.plan.toB.push(change);',
    original: 'push',
    mutated: 'unshift',
    reason: 'Every plan is put into its order at the end.',
  },
  {
    file: 'src/sync/locks/waiters.ts',
    source: "ask.wait?.signal.addEventListener('abort', onAbort, { once: true });",
    original: 'true',
    mutated: 'false',
    reason: 'A signal is aborted once.',
  },
  {
    file: 'src/sync/session/flushes.ts',
    source: "signal.addEventListener('abort', onAbort, { once: true });",
    original: 'true',
    mutated: 'false',
    reason: 'A signal is aborted once.',
  },
  {
    file: 'src/sync/clients/methods.ts',
    source: "else call.signal.addEventListener('abort', () => resolve(), { once: true });",
    original: 'true',
    mutated: 'false',
    reason: 'A signal is aborted once.',
  },
  {
    file: 'src/sync/files/write-steps.ts',
    source: 'saving.push(promise);',
    original: 'push',
    mutated: 'unshift',
    reason: 'All of them are waited for; none has a place.',
  },
  {
    file: 'src/sync/files/write-steps.ts',
    source:
      "if (event.side === 'b' || local === null || replica('b') === null || pair.b.snapshot === null) return null;",
    original: "event.side === 'b' || local === null",
    mutated: '(local === null)',
    reason: 'What was done on side b is there already, and nothing of it is left to pass on.',
  },
  {
    file: 'src/sync/files/delete.ts',
    source: 'changes.push(deletion(path, entryOf(node)));',
    original: 'push',
    mutated: 'unshift',
    reason: 'They are put into their order afterwards.',
  },
  {
    file: 'src/sync/session/scan-queue.ts',
    source: 'this.waiters = [];',
    original: 'this.waiters = [];',
    mutated: ';',
    reason: 'Who has been told once hears nothing of being told again.',
  },
  {
    file: 'src/sync/locks/expiry.ts',
    source: 'this.timers.delete(path);',
    original: 'this.timers.delete(path);',
    mutated: ';',
    reason: 'It is cancelled, and another one takes its place.',
  },
];

const known = new Set(EQUIVALENT.map((row) => keyOf(row.file, row)));

export const isEquivalent = (file: string, place: Omit<Shown, 'line'>): boolean => known.has(keyOf(file, place));

function keyOf(file: string, { source, original, mutated }: Omit<Shown, 'line'>): string {
  return [file, source, original, mutated].join('\n');
}

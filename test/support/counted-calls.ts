// Counts the calls of node:fs that this process makes, by name, whoever imports them in whatever way.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

type Calls = Record<string, (...args: unknown[]) => unknown>;

/** @returns the counts, to be read and emptied at any time; counting ends with the test. */
export function countCalls(): Map<string, number> {
  const counts = new Map<string, number>();
  const undo = [wrap(fs as unknown as Calls, '', counts), wrap(fs.promises as unknown as Calls, 'promises.', counts)];
  syncBuiltinESMExports();
  onTestFinished(() => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  });
  return counts;
}

function wrap(room: Calls, prefix: string, counts: Map<string, number>): () => void {
  // Classes and constants stay as they are.
  const names = Object.keys(room).filter((name) => typeof room[name] === 'function' && /^[a-z]/.test(name));
  const real = new Map(names.map((name) => [name, room[name]!]));
  for (const [name, call] of real) {
    room[name] = function counted(this: unknown, ...args: unknown[]) {
      counts.set(prefix + name, (counts.get(prefix + name) ?? 0) + 1);
      return call.apply(this, args);
    };
    Object.assign(room[name]!, call);
  }
  return () => {
    for (const [name, call] of real) room[name] = call;
  };
}

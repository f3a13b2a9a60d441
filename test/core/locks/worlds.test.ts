// The lock machine in every small world: each history of up to so many steps of three clients, two paths and the other
// side, with the table rebuilt from its rows (what a crash leaves of it) at every state. Beyond that depth, random ones.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { decide } from '../../../src/core/locks/decide.js';
import type { LockEvent } from '../../../src/core/locks/events.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath } from '../../../src/core/path.js';

const DEPTH = Number(process.env.LOCKSTEP_TEST_DEPTH ?? 4);
const HISTORIES = Number(process.env.LOCKSTEP_TEST_HISTORIES ?? 200);
const LENGTH = 60;
const SEED = Number(process.env.LOCKSTEP_TEST_SEED ?? Date.now() % 1_000_000);

const PATHS = ['p', 'q'] as RelPath[];
const OWNERS = ['ann', 'bob', 'cyd'];
const content = (n: number): Entry => ({
  type: 'file',
  size: 1,
  mtime: 1,
  mode: 0o644,
  hash: String(n).padStart(64, '0'),
});
/** What the holder's side has: nobody there edits in these worlds, so held updates always follow one another. */
const BASE = content(0);

/** A world: the table, and what a perfect observer would know of it. */
interface World {
  readonly table: LockTable;
  /** By path, the lines in the order in which they were joined, thieves at the head. */
  readonly lines: ReadonlyMap<RelPath, readonly number[]>;
  /** By path, the numbers of what came and has not taken effect, in the order of coming. */
  readonly came: ReadonlyMap<RelPath, readonly number[]>;
  /** Updates that have taken effect. */
  readonly done: ReadonlySet<number>;
  readonly token: number;
  readonly clock: number;
}

const EMPTY: World = {
  table: new LockTable(),
  lines: new Map(),
  came: new Map(),
  done: new Set(),
  token: 0,
  clock: 1,
};

/** `null` is a crash: the table comes back from the rows that are on disk, and nobody is in line any more. */
type Step = LockEvent | null;

/** Everything that can happen in `world`, each once. */
function* stepsIn({ table, clock }: World): Generator<Step> {
  for (const path of PATHS) {
    const holder = table.locks.get(path);
    for (const owner of OWNERS) {
      const ask = {
        kind: 'lock',
        path,
        owner,
        side: 'a',
        message: '',
        now: clock,
        line: clock,
        current: BASE,
      } as const;
      yield ask;
      if (holder !== undefined && holder.owner !== owner) yield { ...ask, steal: true };
      if (holder?.owner === owner) yield { kind: 'unlock', path, owner, current: BASE, now: clock };
    }
    if (holder === undefined && table.waitersOf(path).length > 0) yield { kind: 'grant', path, now: clock };
    if (holder !== undefined) {
      yield { kind: 'unlock', path, owner: 'dan', current: BASE, force: true, now: clock };
      const base = table.heldOf(path).at(-1)?.after ?? BASE;
      yield { kind: 'hold', path, base, after: content(clock), file: null, now: clock };
      yield { kind: 'moved', path, to: PATHS.find((other) => other !== path)! };
    }
    for (const { id } of table.waitersOf(path)) yield { kind: 'leave', path, line: id };
    if (table.drains.has(path)) yield { kind: 'drained', path, applied: true };
  }
  yield null;
}

/** A table as the disk brings it back. */
function crashed(table: LockTable): LockTable {
  const back = new LockTable();
  for (const row of table.rows()) if (row.table !== 'waiter') back.record([row]);
  return back;
}

const copyOf = (table: LockTable): LockTable => {
  const copy = new LockTable();
  copy.record([...table.rows()]);
  return copy;
};

function fail(what: string): never {
  throw new Error(what);
}

/** @returns the world after `step`; throws where the machine has broken a promise. */
function after(world: World, step: Step): World {
  if (step === null) return { ...world, table: crashed(world.table), lines: new Map(), clock: world.clock + 1 };
  const table = copyOf(world.table);
  const holder = table.locks.get(step.path);
  const decision = decide(table, step);
  table.record(decision.rows);
  const next = {
    table,
    lines: new Map(world.lines),
    came: new Map(world.came),
    done: new Set(world.done),
    token: world.token,
    clock: world.clock + 1,
  };
  note(next, step, decision, holder?.owner);
  checkState(next);
  return next;
}

type Noted = { -readonly [K in keyof World]: World[K] } & {
  lines: Map<RelPath, readonly number[]>;
  came: Map<RelPath, readonly number[]>;
  done: Set<number>;
};

/** Compares what the machine did with what the observer knows should happen, and takes it in. */
function note(next: Noted, step: LockEvent, { answer }: ReturnType<typeof decide>, holder: string | undefined): void {
  const { table } = next;
  const { path } = step;
  const line = next.lines.get(path) ?? [];
  if (answer.kind === 'granted') {
    if (answer.changed) {
      if (holder !== undefined && !(step.kind === 'lock' && step.steal)) fail('two holders');
      if (answer.lock.token <= next.token) fail('a token that does not grow');
      next.token = answer.lock.token;
    } else if (holder !== answer.lock.owner) fail('renewed for another');
    if (step.kind === 'grant' && answer.lines?.[0] !== line[0]) fail('granted out of order');
    if (step.kind === 'lock' && answer.changed && holder === undefined && line.length > 0) fail('overtaken');
    next.lines.set(
      path,
      line.filter((id) => !answer.lines?.includes(id)),
    );
  } else if (step.kind === 'grant' && line.length > 0 && !table.drains.has(path)) fail('a lost wake-up');
  if (answer.kind === 'queued') {
    const isThief = step.kind === 'lock' && step.steal === true && holder !== undefined;
    next.lines.set(path, isThief ? [answer.line, ...line] : [...line, answer.line]);
  }
  if (step.kind === 'leave')
    next.lines.set(
      path,
      line.filter((id) => id !== step.line),
    );
  if (step.kind === 'hold') next.came.set(path, [...(next.came.get(path) ?? []), table.counter('held')]);
  if (step.kind === 'drained') {
    const [first, ...rest] = next.came.get(path) ?? [];
    if (first === undefined || next.done.has(first)) fail('an effect twice, or of nothing');
    next.done.add(first);
    next.came.set(path, rest);
  }
  if (step.kind === 'moved' && !table.locks.has(path)) moveAlong(next, path, step.to);
}

function moveAlong(next: Noted, path: RelPath, to: RelPath): void {
  const joined = [...(next.lines.get(to) ?? []), ...(next.lines.get(path) ?? [])];
  const order = new Map(next.table.waitersOf(to).map(({ id, order: at }) => [id, at]));
  next.lines.set(
    to,
    joined.sort((x, y) => order.get(x)! - order.get(y)!),
  );
  next.lines.set(path, []);
  next.came.set(to, next.came.get(path) ?? []);
  next.came.set(path, []);
}

/** What is true of every state, whatever led to it; and of what a crash would make of it. */
function checkState({ table, lines, came }: World): void {
  for (const seen of [table, crashed(table)]) {
    for (const path of PATHS) {
      if (
        seen
          .heldOf(path)
          .map(({ id }) => id)
          .join() !== (came.get(path) ?? []).join()
      )
        fail('held out of order, or lost');
      if (seen.heldOf(path).length > 0 && !seen.locks.has(path) && !seen.drains.has(path)) fail('held for ever');
      if (seen.locks.has(path) && seen.drains.has(path)) fail('locked while it drains');
      const drain = seen.drains.get(path);
      if (drain !== undefined && drain.applied !== drain.of - seen.heldOf(path).length) fail('a miscounted drain');
    }
  }
  for (const path of PATHS) {
    const line = table.waitersOf(path).map(({ id }) => id);
    if (line.join() !== (lines.get(path) ?? []).join()) fail('a line out of order');
    if (line.length > 0 && !table.locks.has(path) && !table.drains.has(path)) {
      if (decide(table, { kind: 'grant', path, now: 0 }).answer.kind !== 'granted') fail('nobody is ever granted');
    }
  }
}

/** States that cannot be told apart by what can still happen: numbers are as good as any others in the same order. */
function keyOf({ table }: World): string {
  const rank = new Map<number, number>();
  const ids = [...table.held.values(), ...table.waiters.values()]
    .flat()
    .map((one) => ('order' in one ? one.order : one.id));
  for (const id of ids.sort((x, y) => x - y)) rank.set(id, rank.size);
  return PATHS.map((path) => {
    const drain = table.drains.get(path);
    return [
      table.locks.get(path)?.owner ?? '',
      table.heldOf(path).length,
      drain === undefined ? '' : `${drain.mode}${drain.applied}/${drain.of}`,
      table.waitersOf(path).map(({ owner, order }) => `${owner}${rank.get(order)}`),
    ].join('|');
  }).join('  ');
}

test(`every history of ${DEPTH} steps keeps the promises`, { timeout: 3_600_000 }, () => {
  let frontier = new Map<string, World>([[keyOf(EMPTY), EMPTY]]);
  const seen = new Set(frontier.keys());
  let steps = 0;
  for (let depth = 0; depth < DEPTH; depth++) {
    const next = new Map<string, World>();
    for (const world of frontier.values()) {
      for (const step of stepsIn(world)) {
        const reached = after(world, step);
        steps++;
        const key = keyOf(reached);
        if (seen.has(key)) continue;
        seen.add(key);
        next.set(key, reached);
      }
    }
    frontier = next;
  }
  if (process.env.LOCKSTEP_TEST_DEPTH !== undefined) console.log(`depth ${DEPTH}: ${seen.size} states, ${steps} steps`);
  expect(steps).toBeGreaterThan(100);
});

describe(`beyond, seed ${SEED}`, () => {
  test(`${HISTORIES} random histories of ${LENGTH} steps keep the promises`, { timeout: 3_600_000 }, () => {
    let state = SEED;
    const below = (n: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let n = 0; n < HISTORIES; n++) {
      let world = EMPTY;
      const said: string[] = [];
      for (let at = 0; at < LENGTH; at++) {
        const steps = [...stepsIn(world)];
        // A crash is one of all that can happen, and rarer than that in the end.
        const step = steps[below(steps.length)]!;
        said.push(step === null ? 'crash' : JSON.stringify(step));
        try {
          world = after(world, step);
        } catch (error) {
          throw new Error(`${(error as Error).message}, in history ${n} of seed ${SEED}:\n${said.join('\n')}`);
        }
      }
    }
  });
});

// What the results of scans and transfers leave behind: in the pair, in the list of problems, in the log, and in the
// queues of changes that are not begun yet.

import { describe, expect, test } from 'vitest';
import { type Advice, advise } from '../../../src/core/advice.js';
import type { Change, Outcome } from '../../../src/core/change.js';
import { SyncError } from '../../../src/core/errors.js';
import { introducedBy } from '../../../src/core/partner.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { Conflict } from '../../../src/core/reconcile/reconcile.js';
import type { ScanResult, ScanScope } from '../../../src/replica.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { InFlight } from '../../../src/sync/session/in-flight.js';
import { ProblemRetries } from '../../../src/sync/session/problems.js';
import { Recorder } from '../../../src/sync/session/recorder.js';
import { MAX_SIDE_BYTES } from '../../../src/wire/frame/limits.js';
import { file, showTree, treeOf } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { HandClock, marksOf, OWN, scanPath } from '../../support/session-fixture.js';

const HALT = { code: 'root-emptied', message: 'It is empty.' } as const;
const FULL = { kind: 'problem', code: 'no-space', message: 'The disk is full.' } as const;

/** A queue that frees what it is told to, and remembers what it was asked for. */
class Recalling {
  readonly recalled: string[] = [];
  readonly frees = new Map<string, string[]>();
  recall(path: RelPath): string[] {
    this.recalled.push(path);
    return this.frees.get(path) ?? [];
  }
  recallBelow(path: RelPath): string[] {
    return this.recall(`${path}/` as RelPath);
  }
}

function open() {
  const fixture = new LockFixture({ x: file('1'), 'd/y': file('1') });
  const { pair, log, said } = fixture;
  const clock = new HandClock();
  const warned: string[] = [];
  const details: string[] = [];
  const again: string[] = [];
  const noting = {
    ...log,
    warn: (text: string) => void warned.push(text),
    detail: (text: string) => void details.push(text),
  };
  const retries = new ProblemRetries(log, (path) => void again.push(path), clock);
  const conflicts = new Map<string, Conflict>();
  const planner = {
    takeConflict: ({ path }: Change) => {
      const conflict = conflicts.get(path) ?? null;
      conflicts.delete(path);
      return conflict;
    },
  };
  const claims = new Claims();
  const inFlight = new InFlight(claims, pair);
  const queues = { a: new Recalling(), b: new Recalling() };
  const peer = { queues, seen: true, closed: 0, replica: { close: async () => void peer.closed++ } };
  const sides = { peer: peer as typeof peer | null };
  const rescans: number[] = [];
  const recorder = new Recorder({
    pair,
    log: noting,
    retries,
    planner: planner as never,
    inFlight,
    sides: sides as never,
    clock,
    mailbox: { post: () => void rescans.push(clock.elapsed) },
  });
  pair.clearMarks();
  const scan = (
    side: Side,
    text: string,
    { ms = 7, scope = 'hinted', ...more }: Partial<ScanResult> & { ms?: number; scope?: ScanScope } = {},
    paths: string[] = [],
  ) =>
    recorder.scanned({
      kind: 'scanned',
      side,
      scan: scanPath(text, more),
      scope,
      paths: paths.map(p),
      ms,
    });
  const applied = (change: Change, outcome: Outcome = { kind: 'done', sent: 3 }, side: Side = 'b') =>
    recorder.applied({ kind: 'applied', side, change, outcome, ms: 9 });
  const marks = () => marksOf(pair);
  const tree = (side: Side) => showTree(treeOf(pair.side(side).snapshot!));
  return {
    ...{
      pair,
      said,
      clock,
      warned,
      details,
      again,
      retries,
      conflicts,
      claims,
      inFlight,
      queues,
      peer,
      sides,
      rescans,
    },
    ...{ recorder, scan, applied, marks, tree },
  };
}

const created = (path: string, content: string): Change => ({
  path: p(path),
  action: 'created',
  before: null,
  after: file(content),
});

const renamed = (from: string, to: string): Change => ({
  path: p(to),
  action: 'renamed',
  before: null,
  after: file('1'),
  from: { path: p(from), entry: file('1') },
});

describe('a scan', () => {
  test('of all is folded in and logged; one of hinted paths is folded in', () => {
    const { scan, said, tree } = open();
    scan('a', 'x:22', { whole: true });
    expect([tree('a'), said.splice(0)]).toEqual(['x:22', ['scan-finished 1 2 7']]);
    scan('a', 'z:1');
    expect([tree('a'), tree('b'), said]).toEqual(['x:22 z:1', 'd/ d/y:1 x:1', []]);
  });

  test.each(['a', 'b'] as const)('of differences before the first of all fails: side %s', (side) => {
    const { pair, scan, recorder, warned, peer } = open();
    pair.side(side).snapshot = null;
    scan(side, 'z:1');
    expect(pair.side(side).snapshot).toBe(null);
    expect(warned).toEqual([`The scan of side ${side} failed: it told differences before it told all`]);
    expect(peer.closed).toBe(side === 'b' ? 1 : 0);
    // A halt is no difference, and a scan of all is none either.
    scan(side, '', { halt: HALT });
    expect([recorder.halted, warned.length]).toEqual([true, 1]);
    scan(side, 'z:1', { whole: true });
    expect([recorder.halted, warned.length, pair.side(side).snapshot?.files]).toEqual([false, 1, 1]);
  });

  test('leaves out what a write has overtaken, unless it reports all: then it asks for that again', () => {
    const { scan, claims, inFlight, tree } = open();
    const write = () => {
      const claim = claims.claim(p('x'), 'transfer');
      claims.begin(claim, 'a');
      inFlight.scanBegins('a');
      claims.release(claim);
    };
    write();
    scan('a', 'x:333 z:1');
    expect([tree('a'), inFlight.takeDue('a')]).toEqual(['d/ d/y:1 x:1 z:1', ['x']]);
    write();
    scan('a', 'x:333', { whole: true });
    expect([tree('a'), inFlight.takeDue('a')]).toEqual(['x:333', ['x']]);
  });

  test('of hinted paths asks for nothing else that was written while it ran', () => {
    const { scan, claims, inFlight, tree } = open();
    const claim = claims.claim(p('x'), 'transfer');
    claims.begin(claim, 'a');
    inFlight.scanBegins('a');
    claims.release(claim);
    scan('a', 'z:1');
    expect([tree('a'), inFlight.isIdle]).toEqual(['d/ d/y:1 x:1 z:1', true]);
  });

  test('that could not see a path which was asked for leaves it to the scan that can', () => {
    const { scan, inFlight } = open();
    scan('a', '', { unknown: [p('d')] }, ['d/y', 'x']);
    expect(inFlight.isIdle).toBe(true);
    scan('a', '');
    expect(inFlight.takeDue('a')).toEqual(['d/y']);
  });

  test('of a directory that was asked for has all below compared that was shared: it can be another one', () => {
    const { scan, marks } = open();
    scan('a', 'd/ x:1 e/', {}, ['d', 'x', 'e']);
    expect(marks()).toBe('d* e x');
    scan('b', 'd/');
    expect(marks()).toBe('d* e x');
  });

  test('of a directory that nobody asked for has only its own entry compared', () => {
    const { scan, marks } = open();
    scan('a', 'd/ x:1', {}, ['x']);
    expect(marks()).toBe('d x');
  });

  test.each([
    ['that a directory is gone', '-d', ['d/', 'd']],
    ['that a file stands where a directory was', 'd:1', ['d/', 'd']],
    ['that the directory is there', 'd/', ['d']],
    ['that a file is gone', '-x', ['x']],
    ['of a new directory', 'e/', ['e']],
  ])('recalls what is not begun, from both sides: %s', (_, text, recalled) => {
    for (const side of ['a', 'b'] as const) {
      const { scan, queues } = open();
      scan(side, text);
      expect([queues.a.recalled, queues.b.recalled]).toEqual([recalled, recalled]);
    }
  });

  test.each(['a', 'b'] as const)('has all paths compared that a recall from side %s sets free', (side) => {
    const { scan, queues, marks } = open();
    queues[side].frees.set('x', ['x', 'old']);
    queues[side].frees.set('d/', ['d/new', 'far']);
    scan('a', 'x:22 -d');
    expect(marks()).toBe('d* d/new far old x');
  });

  test('recalls nothing while side b is away', () => {
    const { scan, sides, tree } = open();
    sides.peer = null;
    scan('a', 'x:22 -d');
    expect(tree('a')).toBe('x:22');
  });

  test.each<[string, Side, Partial<ScanResult>, boolean]>([
    ['of side b', 'b', {}, true],
    ['of side a', 'a', {}, false],
    ['of side b that halts', 'b', { halt: HALT }, false],
  ])('shows that side b is known now: %s', (_, side, more, seen) => {
    const { scan, peer } = open();
    peer.seen = false;
    scan(side, '', more);
    expect(peer.seen).toBe(seen);
  });

  test.each<[Side, number, number]>([
    ['b', MAX_SIDE_BYTES + 1, 1],
    ['b', MAX_SIDE_BYTES, 0],
    ['a', MAX_SIDE_BYTES + 1, 0],
  ])('is refused where side b has come to take more memory than it may: side %s, %d bytes', (side, weight, closed) => {
    const { scan, pair, peer, warned } = open();
    Object.defineProperty(pair.side(side).snapshot, 'weight', { get: () => weight, set: () => {} });
    peer.seen = false;
    scan(side, 'x:22');
    expect([peer.closed, warned.length]).toEqual([closed, closed]);
    expect(peer.seen).toBe(side === 'b' && closed === 0);
  });

  test('of side a is taken although side b has come to take too much', () => {
    const { scan, pair, peer, tree } = open();
    Object.defineProperty(pair.b.snapshot, 'weight', { value: MAX_SIDE_BYTES + 1 });
    scan('a', 'x:22');
    expect([peer.closed, tree('a')]).toEqual([0, 'd/ d/y:1 x:22']);
  });

  test('logs the problems of both sides that are new, and no scan that halted', () => {
    const { scan, said } = open();
    const unreadable = (path: string) => ({ path, code: 'unreadable', message: 'No.' }) as const;
    scan('a', '', { problems: [unreadable('x')] });
    scan('b', '', { problems: [unreadable('y')] });
    scan('a', '', { problems: [unreadable('x')] });
    expect(said.splice(0)).toEqual(['problem x unreadable No.', 'problem y unreadable No.']);
    scan('a', '', { whole: true, halt: HALT });
    expect(said).toEqual(['halted root-emptied It is empty.']);
  });

  test('takes up the marks that were postponed', () => {
    const { scan, pair, marks } = open();
    pair.postponed.add(p('later'));
    scan('a', '');
    expect([marks(), pair.postponed.size]).toEqual(['later', 0]);
  });
});

describe('a scan that failed', () => {
  const fail = ({ recorder }: ReturnType<typeof open>, side: Side, message = 'EIO') =>
    recorder.scanFailed({ kind: 'scan-failed', side, error: new Error(message) });

  test('is warned of when the reason is a new one', () => {
    const scene = open();
    for (const message of ['EIO', 'EIO', 'ENOENT', 'EIO']) fail(scene, 'a', message);
    expect(scene.warned.map((text) => text.split(': ')[1])).toEqual(['EIO', 'ENOENT', 'EIO']);
  });

  test('of side a is repeated after a second, once for several', () => {
    const scene = open();
    fail(scene, 'a');
    fail(scene, 'a');
    scene.clock.pass(999);
    expect(scene.rescans).toEqual([]);
    scene.clock.pass(1);
    expect([scene.rescans, scene.peer.closed, scene.peer.seen]).toEqual([[1_000], 0, true]);
    fail(scene, 'a');
    scene.clock.pass(1_000);
    expect(scene.rescans).toEqual([1_000, 2_000]);
  });

  test.each([
    [50, 1_000],
    [700, 7_000],
    [9_000, 60_000],
  ])('is repeated so that scans of %i ms take a tenth of the time: after %i ms', (ms, wait) => {
    const scene = open();
    scene.scan('b', 'x:1', { whole: true, scope: 'everything', ms });
    // What a hint found says nothing of that.
    scene.scan('b', 'x:1', { ms: 1 });
    fail(scene, 'a');
    scene.clock.pass(wait - 1);
    expect(scene.rescans).toEqual([]);
    scene.clock.pass(1);
    expect(scene.rescans).toEqual([wait]);
  });

  test('of side b ends the connection', () => {
    const scene = open();
    fail(scene, 'b');
    scene.clock.pass(1_000);
    expect([scene.rescans, scene.peer.closed, scene.peer.seen]).toEqual([[], 1, false]);
    scene.sides.peer = null;
    fail(scene, 'b');
    expect(scene.peer.closed).toBe(1);
  });

  test.each<[string, (scene: ReturnType<typeof open>) => void]>([
    ['leaves', (scene) => fail(scene, 'a')],
    ['or halted leaves', (scene) => scene.scan('a', '', { halt: HALT }, ['x'])],
  ])('%s the paths that it was asked for unconfirmed', (_, end) => {
    const scene = open();
    const { inFlight, claims } = scene;
    inFlight.markDirty('a', p('x'));
    inFlight.takeDue('a');
    inFlight.scanBegins('a');
    end(scene);
    inFlight.scanEnds('a', [], []);
    expect(claims.heldBy(p('x'))).toBe('unconfirmed');
    inFlight.scanBegins('a');
    inFlight.scanEnds('a', [p('x')], []);
    expect(claims.heldBy(p('x'))).toBe(null);
  });
});

describe('a halt', () => {
  test('is logged once for each reason, and so is its end; then all is compared and in-sync is owed', () => {
    const { pair, recorder, said } = open();
    recorder.noteHalt();
    expect([said, recorder.halted, recorder.halt, recorder.owesInSync]).toEqual([[], false, null, false]);
    pair.a.halt = HALT;
    recorder.noteHalt();
    recorder.noteHalt();
    expect([said.splice(0), recorder.halted, pair.everythingMarked]).toEqual([
      ['halted root-emptied It is empty.'],
      true,
      false,
    ]);
    pair.a.halt = { code: 'mass-deletion', message: 'Too many.' };
    recorder.noteHalt();
    expect(said.splice(0)).toEqual(['halted mass-deletion Too many.']);
    pair.a.halt = null;
    recorder.noteHalt();
    recorder.noteHalt();
    expect([said.splice(0), recorder.halted, recorder.owesInSync]).toEqual([['resumed'], false, true]);
    expect(pair.everythingMarked).toBe(true);
    pair.a.halt = HALT;
    recorder.noteHalt();
    expect(said).toEqual(['halted root-emptied It is empty.']);
  });

  test('is scanned again every second; so is what may become one', () => {
    for (const isHalted of [true, false]) {
      const { pair, recorder, clock, rescans } = open();
      recorder.noteHalt();
      clock.pass(5_000);
      expect(rescans).toEqual([]);
      if (isHalted) pair.b.halt = HALT;
      else Object.defineProperty(pair.safety, 'isSettling', { value: true });
      recorder.noteHalt();
      clock.pass(1_000);
      expect(rescans).toEqual([6_000]);
    }
  });

  test.each<[string, (scene: ReturnType<typeof open>) => void, string, Advice]>([
    [
      'one that can be confirmed',
      ({ pair }) => {
        pair.a.halt = HALT;
      },
      'It is empty.',
      advise`See: ${{ do: 'status' }}`,
    ],
    [
      'one that says what can be done',
      ({ pair }) => {
        pair.a.halt = { ...HALT, advice: advise`Type: ${{ do: 'resume', confirm: 'accept-deletes' }}` };
      },
      'It is empty. Type: client resume --accept-deletes',
      advise`See: ${{ do: 'status' }}`,
    ],
    [
      'one that cannot',
      ({ pair }) => {
        pair.a.halt = { code: 'root-missing', message: 'It is gone.' };
      },
      'It is gone.',
      advise`No command ends this halt: see ${{ do: 'status' }}`,
    ],
    [
      'one whose reason has just gone',
      ({ recorder }) => {
        recorder.halted = true;
      },
      'The pair is halted for safety.',
      advise`See: ${{ do: 'status' }}`,
    ],
  ])('is given as the reason to who asks: %s', (_, halt, message, advice) => {
    const scene = open();
    halt(scene);
    if (!scene.recorder.halted) scene.recorder.noteHalt();
    expect(scene.recorder.halt).toMatchObject({ code: 'halted', message, advice });
    expect(scene.recorder.whyStopped()).toMatchObject({ code: 'halted', message, advice });
  });

  test('is not given where the pair is only paused', () => {
    const { recorder } = open();
    expect(recorder.halt).toBe(null);
    expect(recorder.whyStopped()).toMatchObject({ code: 'failed', advice: advise`Go on with: ${{ do: 'resume' }}` });
  });
});

describe('a change that is done', () => {
  test('is shared from then on, and logged with where it came from', () => {
    const { applied, pair, said, recorder, tree } = open();
    expect(recorder.owesInSync).toBe(false);
    applied(created('n', '333'));
    expect([said.splice(0), tree('b'), pair.shared(p('n'))]).toEqual([
      ['synced n created a b 3 3 9'],
      'd/ d/y:1 n:333 x:1',
      file('333'),
    ]);
    expect(recorder.owesInSync).toBe(true);
    applied(renamed('x', 'z'), { kind: 'done', sent: 0 }, 'a');
    expect([said, tree('a'), pair.shared(p('x'))]).toEqual([['synced z renamed b a 1 0 9 x'], 'd/ d/y:1 z:1', null]);
  });

  test.each<[string, (retries: ProblemRetries) => void, string]>([
    ['a problem', (retries) => retries.failed(p('n'), 'no-space', 'Full.'), 'n*'],
    ['a write that found another content, before it is due again', (retries) => retries.moved(p('n')), 'n*'],
    ['nothing', () => {}, 'n'],
  ])('ends what its path waited for, and has compared what waited below it: after %s', (_, wait, marked) => {
    const { applied, retries, marks } = open();
    wait(retries);
    applied({ path: p('n'), action: 'created', before: null, after: { type: 'dir', mode: 0o755 } });
    expect([retries.list(), retries.isMoving, marks()]).toEqual([[], false, marked]);
  });

  test('ends the problems of both paths of a rename', () => {
    const { applied, retries, marks } = open();
    for (const path of ['x', 'z', 'other']) retries.failed(p(path), 'no-space', 'Full.');
    applied(renamed('x', 'z'));
    expect([retries.list().map(({ path }) => path), marks()]).toEqual([['other'], 'x* z*']);
  });

  test('that leaves a conflict copy has it scanned on that side, and logs the conflict once', () => {
    const { applied, conflicts, inFlight, said } = open();
    conflicts.set('x', { path: p('x'), kept: 'a', copy: p('x (copy)') });
    const change = {
      ...created('x', '22'),
      action: 'modified',
      before: file('1'),
      conflictCopy: p('x (copy)'),
    } as const;
    applied(change);
    expect(said.splice(0)).toEqual(['synced x modified a b 2 3 9', 'conflict x a x (copy)']);
    expect([inFlight.takeDue('a'), inFlight.takeDue('b')]).toEqual([[], ['x (copy)']]);
    applied(change);
    expect(said).toEqual(['synced x modified a b 2 3 9']);
  });
});

describe('a change that is not done', () => {
  const waiting = ({ retries }: ReturnType<typeof open>, ...paths: string[]) =>
    paths.filter((path) => retries.isMovingAt(p(path)));

  test('for a problem is retried, and its conflict is forgotten', () => {
    const { applied, retries, conflicts, said, pair } = open();
    conflicts.set('n', { path: p('n'), kept: 'a', copy: null });
    applied(created('n', '22'), FULL);
    expect([said, retries.list().length, pair.shared(p('n'))]).toEqual([
      ['problem n no-space The disk is full.'],
      1,
      null,
    ]);
    expect(conflicts.size).toBe(0);
  });

  test('for a problem with a rename has both paths retried', () => {
    const { applied, retries } = open();
    applied(renamed('x', 'z'), FULL);
    expect(retries.list().map(({ path }) => path)).toEqual(['z', 'x']);
  });

  test('for a problem with a directory recalls what lies below, which follows the directory', () => {
    const scene = open();
    scene.queues.b.frees.set('n/', ['n/f', 'elsewhere']);
    scene.applied({ path: p('n'), action: 'created', before: null, after: { type: 'dir', mode: 0o755 } }, FULL);
    expect([scene.queues.b.recalled, scene.queues.a.recalled]).toEqual([['n/'], []]);
    expect(waiting(scene, 'n/f', 'elsewhere')).toEqual(['elsewhere']);
    scene.sides.peer = null;
    scene.applied({ path: p('n'), action: 'created', before: null, after: { type: 'dir', mode: 0o755 } }, FULL);
    expect(scene.queues.b.recalled).toEqual(['n/']);
  });

  test('for a problem with a file recalls nothing', () => {
    const { applied, queues } = open();
    applied(created('n', '1'), FULL);
    expect(queues.b.recalled).toEqual([]);
  });

  test('because a directory keeps what is ignored counts as shared deletion and is compared again', () => {
    const scene = open();
    scene.applied(
      { path: p('d'), action: 'deleted', before: { type: 'dir', mode: 0o755 }, after: null },
      { kind: 'kept' },
    );
    expect([scene.pair.shared(p('d')), scene.marks()]).toEqual([null, 'd']);
    expect([scene.retries.list(), waiting(scene, 'd')]).toEqual([[], []]);
  });

  test('because something else stood there is tried again at each of its paths', () => {
    const scene = open();
    const copied = { ...renamed('x', 'z'), conflictCopy: p('copy') };
    scene.applied(copied, { kind: 'stale' });
    expect(waiting(scene, 'z', 'x', 'copy', 'other')).toEqual(['z', 'x', 'copy']);
    expect([scene.said, scene.marks()]).toEqual([[], '']);
  });
});

describe('the end of a job', () => {
  const end = (scene: ReturnType<typeof open>, side: Side, left: Change[], error: unknown = null) =>
    scene.recorder.jobEnded({ kind: 'job-ended', side, left, error });

  test('has what is left tried again, at each path, and says why it was interrupted', () => {
    const scene = open();
    scene.pair.postponed.add(p('later'));
    end(scene, 'a', [renamed('x', 'z')], new Error('cut'));
    expect(['x', 'z', 'y'].filter((path) => scene.retries.isMovingAt(p(path)))).toEqual(['x', 'z']);
    expect([scene.details, scene.marks()]).toEqual([['Work was interrupted: cut'], 'later']);
    end(scene, 'a', []);
    expect(scene.details).toHaveLength(1);
  });

  test.each<[Side, string | null]>([
    ['b', '22'],
    ['a', null],
  ])(
    'on side %s: what was left there and stands at the next scan counts as shared, for side b alone',
    (side, shared) => {
      const scene = open();
      end(scene, side, [created('n', '22')]);
      scene.pair.meta.put('roots', `${OWN.root} b`);
      scene.pair.meet(OWN, introducedBy('b'));
      scene.scan('b', 'x:1 d/y:1 n:22', { whole: true });
      expect(scene.pair.shared(p('n'))).toEqual(shared === null ? null : file(shared));
    },
  );

  test('what was left there counts as shared, also where a deletion of its directory overtakes the scan that finds it', () => {
    const scene = open();
    const { claims, inFlight, pair, scan } = scene;
    end(scene, 'b', [created('d/n', '22')]);
    pair.meta.put('roots', `${OWN.root} b`);
    pair.meet(OWN, introducedBy('b'));
    scan('b', 'x:1 d/y:1', { whole: true, unknown: [p('d/n')] });
    const deletion = claims.claim(p('d'), 'transfer');
    claims.begin(deletion, 'b');
    inFlight.scanBegins('b');
    scan('b', 'd/n:22');
    claims.release(deletion);
    expect([pair.shared(p('d/n')), inFlight.takeDue('b')]).toEqual([null, expect.arrayContaining(['d/n'])]);
    inFlight.scanBegins('b');
    scan('b', 'd/n:22', {}, ['d/n']);
    expect(pair.shared(p('d/n'))).toEqual(file('22'));
  });

  test.each([
    ['not-allowed', 1],
    ['unreachable', 1],
    ['failed', 0],
    [null, 0],
  ] as const)('with %s ends the connection: %d', (code, closed) => {
    const scene = open();
    const error = code === null ? null : new SyncError(code, 'No.');
    end(scene, 'b', [], error);
    expect([scene.peer.closed, scene.peer.seen]).toEqual([closed, closed === 0]);
    scene.sides.peer = null;
    end(scene, 'b', [], error);
    expect(scene.peer.closed).toBe(closed);
  });
});

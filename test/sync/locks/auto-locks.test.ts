// Locks that nobody takes by hand: when they begin and end, by what the sides tell of open documents, by changes, by rules,
// and by what persons do meanwhile.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { parseLockRules } from '../../../src/core/owner-files/rules.js';
import type { Side } from '../../../src/core/path.js';
import { FirstWrites } from '../../../src/sync/locks/first-writes.js';
import { LockService } from '../../../src/sync/locks/lock-service.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { LockPlace } from '../../support/memory-lock-store.js';
import { HandClock, LOOK } from '../../support/session-fixture.js';

const GRACE_MS = 900_000;
const ACCOUNT = { a: 'server@hosta', b: 'server@hostb' };

interface SceneOptions {
  readonly isOn?: boolean;
  readonly rules?: string;
  /** What an earlier server left. */
  readonly place?: LockPlace;
  readonly shared?: Readonly<Record<string, Entry>>;
}

/** The locks of a pair with two files. Side b is connected, and scans are answered at once, unless a test says otherwise. */
class Scene {
  readonly place: LockPlace;
  readonly fixture: LockFixture;
  readonly clock = new HandClock();
  readonly service: LockService;
  rules: string;
  isConnected = true;
  /** False: scans are asked for and not answered. */
  isScanning = true;
  isInFlight = false;
  /** Whether the synchronisation writes where scans find something. */
  isWriting = false;
  wakes = 0;
  #scans = 0;

  constructor({ isOn = true, rules = '', place = new LockPlace(), shared }: SceneOptions = {}) {
    this.place = place;
    this.rules = rules;
    this.fixture = new LockFixture(shared ?? { x: file('v0'), y: file('v0') }, place);
    const { pair, lockState, log } = this.fixture;
    this.service = new LockService({
      ...{ pair, lockState, log, claims: new Claims(), clock: this.clock },
      mailbox: { wake: () => void this.wakes++ },
      sides: {
        scanPath: (side) => (side === 'b' && !this.isConnected ? 0 : ++this.#scans),
        isScanned: (side) => this.isScanning || (side === 'b' && !this.isConnected),
      },
      heldUpdates: { isMoving: () => false, isDue: () => false },
      retries: { isMovingAt: () => this.isInFlight },
      autoLock: { isOn, graceMs: GRACE_MS, rules: () => parseLockRules(this.rules).rules },
    });
  }

  /** Exactly `documents` are open on `side`: `x Ann`, or `x Ann ann@pc` with the account. */
  opens(side: Side, ...documents: string[]): this {
    const open = documents.map((text) => {
      const [path, owner, account = null] = text.split(' ');
      return { path: p(path!), app: 'LibreOffice', owner: owner!, account };
    });
    this.service.automatic.told(side, { account: ACCOUNT[side], documents: open });
    return this.turn();
  }

  turn(): this {
    this.service.serve();
    return this;
  }

  /** A scan of `side` finds `content` at `path`. */
  writes(side: Side, path: string, content: string | null): this {
    const entry = content === null ? null : file(content);
    this.service.automatic.scanned(side, { ...LOOK, entries: [{ path: p(path), entry }] }, () => this.isWriting);
    this.fixture.found(side, path, entry);
    return this.turn();
  }

  /** What `side` has at `path` is brought to the other one. */
  transfers(side: Side, path: string): this {
    const entry = this.fixture.pair.entry(side, p(path));
    this.fixture.pair.agree(p(path), entry);
    for (const to of ['a', 'b'] as const) this.fixture.found(to, path, entry);
    return this.turn();
  }

  leaves(): this {
    this.isConnected = false;
    this.service.automatic.left();
    return this.turn();
  }

  comesBack(): this {
    this.isConnected = true;
    this.service.restart();
    return this.turn();
  }

  passes(ms: number): this {
    this.clock.pass(ms);
    return this.turn();
  }

  hand(kind: 'lock' | 'unlock', owner: string, side: Side, more: object = {}): this {
    void this.service.ask({ kind, path: p('x'), owner, side, message: '', ...more });
    return this.turn();
  }

  hold(path: string): void {
    const after = file('held');
    const event = { kind: 'hold', path: p(path), base: file('v0'), after, file: 'f', now: 1 } as const;
    this.fixture.lockState.dispatch({ ...event, action: 'modified' } as never);
  }

  /** `x Ann a auto`; `by hand`, and `away`. */
  get locks(): string[] {
    return [...this.fixture.lockState.table.locks.values()].map(({ path, owner, side, auto }) => {
      const kind = auto === undefined ? 'by hand' : auto.app === null ? 'in work' : 'auto';
      return `${path} ${owner} ${side} ${kind}${auto?.away === undefined ? '' : ' away'}`;
    });
  }

  async said(): Promise<string[]> {
    await turn();
    return this.fixture.said.splice(0);
  }
}

describe('a document that is open', () => {
  test('is locked at once for who opened it, and said to be, and the lock ends when it is closed', async () => {
    const scene = new Scene().opens('b', 'x Ann ann@pc');
    expect(scene.locks).toEqual(['x Ann b auto']);
    expect(scene.fixture.lockState.table.locks.get(p('x'))?.auto).toEqual({ app: 'LibreOffice', account: 'ann@pc' });
    expect(await scene.said()).toEqual(['opened x LibreOffice Ann b', 'locked x Ann b auto LibreOffice']);
    scene.opens('b', 'x Ann ann@pc').opens('b');
    expect(scene.locks).toEqual([]);
    expect(await scene.said()).toEqual(['closed x LibreOffice Ann b', 'unlocked x Ann Ann released']);
  });

  test('is not locked where there is no such file, however many are told', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => `gone${n} Ann`);
    const scene = new Scene().opens('b', ...many, 'd Ann');
    expect(scene.locks).toEqual([]);
    scene.writes('b', 'gone7', 'v1');
    expect(scene.locks).toEqual(['gone7 Ann b auto']);
  });

  test('on both sides is of the first one, and then of the other', async () => {
    const scene = new Scene().opens('b', 'x Bob').opens('a', 'x Ann');
    expect(scene.locks).toEqual(['x Bob b auto']);
    expect(await scene.said()).toContain('opened x LibreOffice Ann a Bob');
    scene.opens('b');
    expect(scene.locks).toEqual(['x Ann a auto']);
  });

  test('is locked for its new owner once the program has written the name', () => {
    const scene = new Scene().opens('a', 'x server@hosta').opens('a', 'x Ann');
    expect(scene.locks).toEqual(['x Ann a auto']);
  });

  test('waits for who waits for the lock, and for held updates that take effect', () => {
    const scene = new Scene().hand('lock', 'bob', 'b');
    const wait = { forMs: null, signal: new AbortController().signal, onPosition: () => {} };
    scene.hand('lock', 'cy', 'b', { wait }).opens('a', 'x Ann').hand('unlock', 'bob', 'b');
    expect(scene.locks).toEqual(['x cy b by hand']);
    scene.hold('x');
    scene.hand('unlock', 'cy', 'b');
    expect([scene.locks, scene.fixture.lockState.table.drains.size]).toEqual([[], 1]);
    scene.fixture.lockState.dispatch({ kind: 'drained', path: p('x'), applied: 1 } as never);
    expect(scene.turn().locks).toEqual(['x Ann a auto']);
  });

  test('is not locked before a change that is on its way has arrived', () => {
    const scene = new Scene();
    scene.isInFlight = true;
    expect(scene.opens('a', 'x Ann').locks).toEqual([]);
    scene.isInFlight = false;
    expect(scene.turn().locks).toEqual(['x Ann a auto']);
  });
});

describe('when it is closed, the lock stays', () => {
  test('until both sides were scanned after it', () => {
    const scene = new Scene().opens('b', 'x Ann');
    scene.isScanning = false;
    const { wakes } = scene;
    expect(scene.opens('b').locks).toEqual(['x Ann b auto']);
    expect(scene.wakes).toBeGreaterThan(wakes);
    scene.isScanning = true;
    expect(scene.turn().locks).toEqual([]);
  });

  test('while its content is not on the other side', () => {
    const scene = new Scene().opens('b', 'x Ann').writes('b', 'x', 'v1').opens('b');
    expect(scene.locks).toEqual(['x Ann b auto']);
    scene.isInFlight = true;
    scene.transfers('b', 'x');
    expect(scene.locks).toEqual(['x Ann b auto']);
    scene.isInFlight = false;
    expect(scene.turn().locks).toEqual([]);
  });

  test('while it moves', () => {
    const scene = new Scene().opens('a', 'x Ann');
    scene.fixture.foundMoving('a', 'x');
    expect(scene.opens('a').locks).toEqual(['x Ann a auto']);
    scene.fixture.foundMoving('a');
    expect(scene.turn().locks).toEqual([]);
  });

  test('but not where updates are held: the end of the lock decides about them', () => {
    const scene = new Scene().opens('b', 'x Ann').writes('b', 'x', 'v1');
    scene.hold('x');
    scene.opens('b');
    expect([scene.locks, scene.fixture.lockState.table.drains.get(p('x'))?.mode]).toEqual([[], 'keep']);
  });

  test('and goes on where it is opened again', async () => {
    const scene = new Scene().opens('b', 'x Ann');
    scene.isScanning = false;
    scene.opens('b').opens('b', 'x Ann');
    scene.isScanning = true;
    expect(scene.turn().locks).toEqual(['x Ann b auto']);
    expect((await scene.said()).filter((line) => line.includes('lock'))).toEqual(['locked x Ann b auto LibreOffice']);
  });

  test('on side a while side b is away, if side b does not have it', () => {
    const scene = new Scene().opens('a', 'x Ann', 'y Ann').leaves().writes('a', 'x', 'v1').opens('a');
    expect(scene.locks).toEqual(['x Ann a auto']);
    scene.comesBack().transfers('a', 'x');
    expect(scene.locks).toEqual([]);
  });

  test('not for a side b that leaves before it has been scanned', () => {
    const scene = new Scene().opens('a', 'x Ann');
    scene.isScanning = false;
    scene.opens('a');
    scene.isScanning = true;
    scene.fixture.pair.loseB();
    expect(scene.leaves().locks).toEqual([]);
  });
});

describe('a side that is away', () => {
  test('keeps its locks for the grace time, and they go on when it is back', async () => {
    const scene = new Scene().opens('b', 'x Ann').leaves();
    expect(scene.locks).toEqual(['x Ann b auto away']);
    scene.passes(GRACE_MS - 1);
    await turn();
    scene.comesBack();
    expect(scene.turn().locks).toEqual(['x Ann b auto away']);
    expect(scene.opens('b', 'x Ann').locks).toEqual(['x Ann b auto']);
    scene.passes(GRACE_MS);
    await turn();
    expect(scene.turn().locks).toEqual(['x Ann b auto']);
  });

  test('loses them then, and has them again when it is back', async () => {
    const scene = new Scene().opens('b', 'x Ann').leaves().passes(GRACE_MS);
    await turn();
    expect(scene.turn().locks).toEqual([]);
    expect(await scene.said()).toContain('unlocked x Ann Ann expired');
    expect(scene.comesBack().opens('b', 'x Ann').locks).toEqual(['x Ann b auto']);
  });

  test('that is back when the time is just over has them again, too', async () => {
    const scene = new Scene().opens('b', 'x Ann').leaves();
    scene.clock.pass(GRACE_MS);
    scene.isConnected = true;
    scene.service.restart();
    scene.opens('b', 'x Ann');
    expect(await scene.said()).toContain('unlocked x Ann Ann expired');
    expect(scene.locks).toEqual(['x Ann b auto']);
  });

  test('that is back without the document loses the lock', () => {
    expect(new Scene().opens('b', 'x Ann').leaves().comesBack().opens('b').locks).toEqual([]);
  });

  test('changes nothing on side a', () => {
    expect(new Scene().opens('a', 'x Ann').leaves().passes(GRACE_MS).locks).toEqual(['x Ann a auto']);
  });
});

describe('a server-a that is started anew', () => {
  const before = () => new Scene().opens('a', 'x Ann').opens('b', 'y Bob');

  test('keeps the locks until the sides tell what is open', async () => {
    const { place } = before();
    const scene = new Scene({ place });
    scene.isConnected = false;
    expect(scene.turn().locks).toEqual(['x Ann a auto', 'y Bob b auto away']);
    scene.comesBack().opens('a', 'x Ann').opens('b', 'y Bob');
    expect(scene.locks).toEqual(['x Ann a auto', 'y Bob b auto']);
    expect(scene.opens('a').locks).toEqual(['y Bob b auto']);
    expect(scene.opens('b').locks).toEqual([]);
  });

  test('without automatic locks ends them, and takes none', () => {
    const { place } = before();
    const scene = new Scene({ place, isOn: false, rules: '* first-write 10m' });
    expect(scene.turn().locks).toEqual([]);
    expect(scene.opens('a', 'x Ann').writes('a', 'x', 'v1').locks).toEqual([]);
  });
});

describe('what a person has ended is known after a restart', () => {
  const ended = () => new Scene().opens('a', 'x Ann', 'y Ann').hand('unlock', 'bob', 'b', { force: true }).place;

  test('as long as it is open', () => {
    const scene = new Scene({ place: ended() }).opens('a', 'x Ann', 'y Ann');
    expect(scene.locks).toEqual(['y Ann a auto']);
    const again = new Scene({ place: scene.place }).opens('a', 'x Ann', 'y Ann');
    expect(again.locks).toEqual(['y Ann a auto']);
    expect(again.opens('a', 'y Ann').opens('a', 'x Ann', 'y Ann').locks).toEqual(['y Ann a auto', 'x Ann a auto']);
  });

  test('but not where it was closed meanwhile', () => {
    const scene = new Scene({ place: ended() }).opens('a', 'y Ann');
    expect(scene.opens('a', 'x Ann', 'y Ann').locks).toEqual(['y Ann a auto', 'x Ann a auto']);
  });

  test('and not for somebody else, nor on the other side', () => {
    const scene = new Scene({ place: ended() }).opens('a', 'x Ben', 'y Ann');
    expect(scene.locks).toEqual(['y Ann a auto', 'x Ben a auto']);
    expect(new Scene({ place: ended() }).opens('b', 'x Ann').locks).toEqual(['y Ann a auto', 'x Ann b auto']);
  });
});

describe('what a person has done stays until the document is closed', () => {
  test.each<[it: string, act: (scene: Scene) => unknown, after: string[]]>([
    ['unlocked it', (scene) => scene.hand('unlock', 'Ann', 'a'), []],
    ['unlocked it by the account', (scene) => scene.hand('unlock', 'ann@pc', 'a'), []],
    ['unlocked it by force', (scene) => scene.hand('unlock', 'bob', 'b', { force: true }), []],
    ['stolen it', (scene) => scene.hand('lock', 'bob', 'b', { steal: true }), ['x bob b by hand']],
    [
      'stolen and unlocked it',
      (scene) => scene.hand('lock', 'bob', 'b', { steal: true }).hand('unlock', 'bob', 'b'),
      [],
    ],
    ['taken it by hand', (scene) => scene.hand('lock', 'Ann', 'a'), ['x Ann a by hand']],
    ['taken it by hand and unlocked it', (scene) => scene.hand('lock', 'Ann', 'a').hand('unlock', 'Ann', 'a'), []],
  ])('%s', (_, act, after) => {
    const scene = new Scene().opens('a', 'x Ann ann@pc');
    act(scene);
    expect(scene.turn().opens('a', 'x Ann ann@pc', 'y Ann').locks).toEqual([...after, 'y Ann a auto']);
    scene.opens('a');
    expect(scene.locks).toEqual(after);
    scene.opens('a', 'x Ann');
    expect(scene.locks).toEqual(after.length === 0 ? ['x Ann a auto'] : after);
  });

  test('and no longer: who opens it next has it', () => {
    const scene = new Scene().opens('a', 'x Ann').hand('unlock', 'bob', 'b', { force: true });
    expect(scene.opens('a', 'x Bob').locks).toEqual(['x Bob a auto']);
  });

  test('but not what time has done to who had it open before', async () => {
    const scene = new Scene().opens('b', 'x Ann').leaves();
    scene.isScanning = false;
    scene.comesBack().opens('b', 'x Bob');
    expect(scene.locks).toEqual(['x Ann b auto away']);
    scene.isScanning = true;
    scene.writes('b', 'x', 'v1').passes(GRACE_MS);
    await turn();
    expect(scene.turn().turn().locks).toEqual(['x Bob b auto']);
  });

  test('but a lock that goes with its file to another name leaves the document to be locked', () => {
    const scene = new Scene().opens('a', 'x Ann').writes('a', 'x.bak', 'v0').writes('a', 'x', null);
    scene.fixture.lockState.dispatch({ kind: 'moved', path: p('x'), to: p('x.bak') });
    scene.transfers('a', 'x.bak').writes('a', 'x', 'v1');
    expect(scene.locks).toEqual(['x Ann a auto']);
  });
});

describe('rules', () => {
  test.each([
    ['x never', 'x'],
    ['', 'm.rvt'],
  ])('%j: %s is never locked', (rules, path) => {
    const scene = new Scene({ rules, shared: { [path]: file('v0'), y: file('v0') } });
    expect(scene.opens('a', `${path} Ann`, 'y Ann').locks).toEqual(['y Ann a auto']);
  });

  test('that change hold at once', () => {
    const scene = new Scene().opens('a', 'x Ann');
    scene.rules = '* never';
    expect(scene.turn().locks).toEqual([]);
    scene.rules = '';
    expect(scene.turn().locks).toEqual(['x Ann a auto']);
  });
});

describe('first-write', () => {
  const MINUTE = 60_000;
  const inWork = () => new Scene({ rules: 'x first-write 1m' });
  const known = (scene = inWork()) => scene.opens('a').opens('b');

  test('locks a file for the side that changes it, until it has been quiet so long', async () => {
    const scene = known().writes('b', 'x', 'v1').writes('b', 'y', 'v1');
    expect(scene.locks).toEqual(['x server@hostb b in work']);
    expect(await scene.said()).toEqual(['locked x server@hostb b auto']);
    scene.transfers('b', 'x').passes(MINUTE - 1);
    expect(scene.locks).toEqual(['x server@hostb b in work']);
    const { wakes } = scene;
    expect(scene.passes(2).locks).toEqual([]);
    expect(scene.wakes).toBeGreaterThan(wakes);
    scene.passes(10 * MINUTE);
    expect(scene.wakes).toBe(scene.passes(10 * MINUTE).wakes);
  });

  test('each change renews it, but not what the other side changes, nor what was brought here', () => {
    const scene = known()
      .writes('a', 'x', 'v1')
      .transfers('a', 'x')
      .passes(MINUTE / 2);
    scene
      .writes('a', 'x', 'v2')
      .transfers('a', 'x')
      .passes(MINUTE - 1);
    expect(scene.locks).toEqual(['x server@hosta a in work']);
    scene.writes('b', 'x', 'v3').passes(1);
    expect(scene.locks).toEqual(['x server@hosta a in work']);
    expect(scene.transfers('a', 'x').locks).toEqual([]);
    // Side b has the change already, and that it has arrived is not known yet.
    const other = known();
    other.fixture.found('a', 'x', file('v1'));
    expect(other.writes('b', 'x', 'v1').locks).toEqual([]);
  });

  test('a scan of everything tells no changes', () => {
    const scene = known();
    const entries = [{ path: p('x'), entry: file('v1') }];
    scene.service.automatic.scanned('a', { ...LOOK, whole: true, entries }, () => false);
    expect(scene.turn().locks).toEqual([]);
  });

  test('what a scan tells again is no change: a file whose content cannot cross is not in work for ever', () => {
    const scene = known().writes('a', 'x', 'v1');
    scene.hold('x');
    scene
      .passes(MINUTE - 1)
      .writes('a', 'x', 'v1')
      .passes(1);
    expect(scene.locks).toEqual([]);
    expect(scene.writes('a', 'x', 'v1').locks).toEqual([]);
  });

  test('what the synchronisation has written here is no change, though nobody knows yet that it was done', () => {
    const scene = known();
    scene.isWriting = true;
    expect(scene.writes('a', 'x', 'v1').locks).toEqual([]);
    scene.isWriting = false;
    expect(scene.writes('a', 'x', 'v2').locks).toEqual(['x server@hosta a in work']);
  });

  test('a conflict copy that is new was made by nobody, and can be worked in later', () => {
    const copy = 'x (conflict A 2026-11-21 10-00-00)';
    const scene = known(new Scene({ rules: '* first-write 1m' })).writes('a', copy, 'v1');
    expect(scene.locks).toEqual([]);
    expect(scene.writes('a', copy, 'v2').locks).toEqual([`${copy} server@hosta a in work`]);
  });

  test('what is dismissed stays so until it has been quiet', () => {
    const scene = known().writes('a', 'x', 'v1').hand('unlock', 'bob', 'b', { force: true });
    expect(scene.turn().locks).toEqual([]);
    expect(scene.writes('a', 'x', 'v2').locks).toEqual([]);
    expect(scene.transfers('a', 'x').passes(MINUTE).writes('a', 'x', 'v3').locks).toEqual(['x server@hosta a in work']);
  });

  test('it is kept by a server that is started anew, for its whole time', () => {
    const { place } = known().writes('a', 'x', 'v1').transfers('a', 'x');
    const scene = new Scene({ place, rules: 'x first-write 1m' }).passes(0);
    expect(known(scene).passes(MINUTE - 1).locks).toEqual(['x server@hosta a in work']);
    expect(scene.passes(1).locks).toEqual([]);
  });

  test('by a server that is started without automatic locks it is ended, once', () => {
    const { place } = known().writes('a', 'x', 'v1').transfers('a', 'x');
    const scene = new Scene({ place, isOn: false, rules: 'x first-write 1m' });
    for (let turns = 0; turns < 3; turns++) expect(scene.turn().locks).toEqual([]);
    expect(scene.fixture.lockState.table.counter('token')).toBe(1);
  });

  test('no more than 5,000 files are in work', () => {
    const clock = new HandClock();
    const files = new FirstWrites({ clock, mailbox: { wake: () => {} }, quietMs: () => MINUTE });
    for (let n = 0; n < 5_100; n++) files.changed('a', p(`f${n}`));
    expect(files.inWork().length).toBe(5_000);
    files.changed('b', p('f0'));
    expect(files.sideOf(p('f0'))).toBe('b');
    clock.pass(MINUTE);
    expect([files.inWork(), files.isEmpty]).toEqual([[], true]);
  });
});

// The event log on a disk: what is added stands there, in order and within its bounds, whatever another program does to
// the files and whatever the disk refuses.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { NumberedEvent } from '../../../src/core/events.js';
import { EventLog } from '../../../src/disk/events/event-log.js';
import { type EventFilter, readEvents } from '../../../src/disk/events/reader.js';
import { OwnDirectory } from '../../../src/disk/fs/own-directory.js';
import { turn } from '../../support/disk-site.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let directory: OwnDirectory;
/** What was said as a problem; `cleared` counts how often one was over. */
let problems: { kind: 'add' | 'note'; code: string; message: string }[];
let cleared: number;
let events: NumberedEvent[];

beforeEach(() => {
  root = makeRoot('event-log');
  directory = new OwnDirectory(root, '.lockstep/log');
  directory.ensure();
  problems = [];
  cleared = 0;
  events = [];
});

afterEach(() => {
  vi.restoreAllMocks();
  directory.close();
  removeRoot(root);
});

const inLog = (...names: string[]): string => path.join(root, '.lockstep/log', ...names);
const files = (): string[] => fs.readdirSync(inLog()).sort();

function open(given: { wasKilled?: boolean; segment?: number; kept?: number; queued?: number } = {}): EventLog {
  const { wasKilled = false, segment = 5_000_000, kept = 50_000_000, queued = 8_000_000 } = given;
  return new EventLog({
    directory,
    problems: {
      add: (_name, code, message) => problems.push({ kind: 'add', code, message }),
      note: (_name, code, message) => problems.push({ kind: 'note', code, message }),
      clear: () => void cleared++,
    },
    wasKilled,
    recall: (id) => events[id - 1] ?? null,
    limits: { segment, kept, queued },
  });
}

function said(log: EventLog, ...reasons: string[]): void {
  for (const reason of reasons) {
    const time = new Date(Date.UTC(2026, 10, 21) + events.length * 1_000).toISOString();
    const event: NumberedEvent = { time, run: 'abc', id: events.length + 1, event: 'peer-lost', reason };
    events.push(event);
    log.add(event);
  }
}

/** The log's files that this process has open. */
const openFiles = (): string[] =>
  fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(root) && target.includes('.ndjson') ? [target] : [];
    } catch {
      return []; // the directory that was read here is closed by now
    }
  });

const isLogOf = (fd: string): boolean => {
  try {
    return openFiles().includes(fs.readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return false;
  }
};

async function logged(filter: EventFilter = {}): Promise<{ reasons: unknown[]; damaged: number }> {
  const read = { reasons: [] as unknown[], damaged: 0 };
  for await (const piece of readEvents(directory, filter)) {
    read.damaged += piece.damaged;
    for (const event of piece.events) read.reasons.push((event as { reason?: string }).reason);
  }
  return read;
}

const names = (count: number, from = 1): string[] => Array.from({ length: count }, (_, n) => `e${from + n}`);

describe('the event log', () => {
  it('has one event a line, as JSON that other programs read', async () => {
    const log = open();
    said(log, 'one', 'two');
    await log.written();
    const lines = fs.readFileSync(inLog('events-000001.ndjson'), 'utf8').split('\n');
    expect(lines.map((line) => (line === '' ? '' : JSON.parse(line)))).toEqual([...events, '']);
    await log.close();
  });

  it('goes on in the same file after a restart', async () => {
    for (const reason of ['one', 'two', 'three']) {
      const log = open();
      said(log, reason);
      await log.close();
    }
    expect(files()).toEqual(['events-000001.ndjson']);
    expect(await logged()).toEqual({ reasons: ['one', 'two', 'three'], damaged: 0 });
    expect(problems).toEqual([]);
  });

  it('takes nothing any more once it is closed', async () => {
    const log = open();
    said(log, 'one');
    await log.close();
    said(log, 'two');
    await log.written();
    expect([await logged(), files()]).toEqual([{ reasons: ['one'], damaged: 0 }, ['events-000001.ndjson']]);
  });

  it('begins another file when one is full, and keeps the latest', async () => {
    const log = open({ segment: 1_000, kept: 5_000 });
    for (let n = 0; n < 40; n++) {
      said(log, ...names(5, n * 5 + 1));
      await log.written();
    }
    const sizes = files().map((name) => fs.statSync(inLog(name)).size);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(7_500);
    const { reasons } = await logged();
    expect(reasons).toEqual(names(200).slice(-reasons.length));
    await log.close();
  });

  it('is added to at once, and written in few writes', async () => {
    const log = open();
    const wrote = vi.spyOn(fs, 'write');
    said(log, ...names(2_000));
    expect(wrote).not.toHaveBeenCalled();
    await log.written();
    expect(await logged()).toEqual({ reasons: names(2_000), damaged: 0 });
    await log.close();
  });

  it('is written a megabyte at a time, however much waits', async () => {
    const log = open();
    const wrote = vi.spyOn(fs, 'write');
    const reasons = Array.from({ length: 30 }, (_, n) => String(n).repeat(50_000));
    said(log, ...reasons);
    await log.written();
    const sizes = wrote.mock.calls.map(([, bytes]) => (bytes as unknown as Buffer).length);
    expect(Math.max(...sizes)).toBeLessThan(1_101_000);
    expect((await logged()).reasons).toEqual(reasons);
    await log.close();
  });

  it('has room again for exactly what was written', async () => {
    const room = JSON.stringify({
      time: new Date(0).toISOString(),
      run: 'abc',
      id: 1,
      event: 'peer-lost',
      reason: 'x',
    });
    const log = open({ queued: room.length + 1 });
    said(log, 'x');
    await log.written();
    said(log, 'xy');
    await log.written();
    expect((await logged()).reasons).toEqual(['x']);
    said(log, 'y');
    await log.written();
    expect((await logged()).reasons).toEqual(['x', 'y']);
    await log.close();
  });

  it('leaves out what cannot be written in time, and says so', async () => {
    const log = open({ queued: 1_000 });
    said(log, ...names(100));
    await log.written();
    const { reasons } = await logged();
    expect(reasons.length).toBeLessThan(15);
    expect(reasons).toEqual(names(reasons.length));
    expect(problems).toEqual([
      {
        kind: 'note',
        code: 'io-error',
        message: expect.stringContaining(`: ${100 - reasons.length} events are missing`),
      },
    ]);
    said(log, 'later');
    await log.written();
    expect((await logged()).reasons.at(-1)).toBe('later');
    expect(problems).toHaveLength(1);
    await log.close();
  });
});

describe('another program', () => {
  const harm: [what: string, act: () => void][] = [
    ['removes the file', () => fs.rmSync(inLog('events-000001.ndjson'))],
    ['moves the file away', () => fs.renameSync(inLog('events-000001.ndjson'), inLog('elsewhere'))],
    ['removes the directory', () => fs.rmSync(inLog(), { recursive: true })],
    ['moves the directory away', () => fs.renameSync(inLog(), `${inLog()}-old`)],
    ['removes .lockstep', () => fs.rmSync(path.join(root, '.lockstep'), { recursive: true })],
    [
      'replaces the file by another of its length',
      () => {
        const file = inLog('events-000001.ndjson');
        const text = fs.readFileSync(file);
        fs.renameSync(file, path.join(root, 'elsewhere'));
        fs.writeFileSync(file, text);
      },
    ],
    ['empties the file', () => fs.truncateSync(inLog('events-000001.ndjson'), 0)],
    ['cuts the file', () => fs.truncateSync(inLog('events-000001.ndjson'), 150)],
    ['adds to the file', () => fs.appendFileSync(inLog('events-000001.ndjson'), 'hello\n')],
    [
      'puts a link in its place',
      () => {
        fs.renameSync(inLog('events-000001.ndjson'), path.join(root, 'outside'));
        fs.symlinkSync(path.join(root, 'outside'), inLog('events-000001.ndjson'));
      },
    ],
  ];
  it.each(harm)('%s: it is said, and nothing is lost', async (_what, act) => {
    const log = open();
    said(log, ...names(3));
    await log.written();
    act();
    said(log, 'e4');
    await log.written();
    expect((await logged()).reasons).toEqual(names(4));
    said(log, 'e5');
    await log.written();
    expect((await logged()).reasons).toEqual(names(5));
    expect(problems).toEqual([
      { kind: 'note', code: 'state-damaged', message: expect.stringMatching(/removed or changed by another program/) },
    ]);
    await log.close();
    expect(openFiles()).toEqual([]);
  });

  it('removes one file after the other: what is in memory is written again each time', async () => {
    const log = open();
    said(log, ...names(3));
    await log.written();
    for (const reason of ['e4', 'e5']) {
      for (const file of files()) fs.rmSync(inLog(file));
      said(log, reason);
      await log.written();
    }
    expect((await logged()).reasons).toEqual(names(5));
    await log.close();
  });

  it('leaves nothing but the end of a line: the next event follows', async () => {
    fs.writeFileSync(inLog('events-000001.ndjson'), '\n');
    const log = open();
    said(log, 'e1');
    await log.close();
    expect([await logged(), files(), problems]).toEqual([
      { reasons: ['e1'], damaged: 1 },
      ['events-000001.ndjson'],
      [],
    ]);
  });

  it('overwrites a line: the others are read, and it is counted', async () => {
    const log = open();
    said(log, ...names(3));
    await log.close();
    const text = fs.readFileSync(inLog('events-000001.ndjson'), 'utf8');
    fs.writeFileSync(inLog('events-000001.ndjson'), text.replace('"reason":"e2"', '"reason":\u0000e2"'));
    expect(await logged()).toEqual({ reasons: ['e1', 'e3'], damaged: 1 });
    // Of a damaged line only what is left of it tells whether it was wanted.
    for (const [wanted, damaged] of [
      ['e2', 1],
      ['xe2', 0],
      ['x', 0],
    ] as const)
      for (const filter of [{ path: wanted }, { prefix: wanted }])
        expect(await logged(filter)).toEqual({ reasons: [], damaged });
  });

  it('leaves nothing but the end of a line and a torn one: that is cut off after a kill', async () => {
    fs.writeFileSync(inLog('events-000001.ndjson'), '\n{"time":');
    const log = open({ wasKilled: true });
    said(log, 'e1');
    await log.close();
    expect(files()).toEqual(['events-000001.ndjson']);
    expect((await logged()).reasons).toEqual(['e1']);
  });

  it.each([
    ['cut', (size: number) => size - 10, /is cut/],
    ['empty', () => 0, /is empty/],
  ])('leaves the last file %s while no server runs', async (_what, length, words) => {
    const before = open();
    said(before, ...names(3));
    await before.close();
    const file = inLog('events-000001.ndjson');
    fs.truncateSync(file, length(fs.statSync(file).size));
    const log = open();
    said(log, 'e4');
    await log.close();
    expect(problems).toEqual([{ kind: 'note', code: 'state-damaged', message: expect.stringMatching(words) }]);
    expect((await logged()).reasons.at(-1)).toBe('e4');
    expect(files()).toEqual(['events-000001.ndjson', 'events-000002.ndjson']);
  });
});

describe('a crash', () => {
  it('leaves an empty file: it is gone on in, and nothing is said', async () => {
    fs.writeFileSync(inLog('events-000001.ndjson'), '');
    const log = open({ wasKilled: true });
    said(log, 'e1');
    await log.close();
    expect(await logged()).toEqual({ reasons: ['e1'], damaged: 0 });
    expect([problems, files()]).toEqual([[], ['events-000001.ndjson']]);
  });

  it.each([1, 30, 100_000])('leaves %i bytes of a line: they go, and nothing is said', async (bytes) => {
    const before = open();
    said(before, ...names(3));
    await before.close();
    fs.appendFileSync(inLog('events-000001.ndjson'), `{"time":"${'x'.repeat(bytes)}`);
    const log = open({ wasKilled: true });
    said(log, 'e4');
    await log.close();
    expect(await logged()).toEqual({ reasons: names(4), damaged: 0 });
    expect([problems, files()]).toEqual([[], ['events-000001.ndjson']]);
  });
});

describe('a last file that ends in no line', () => {
  it.each([
    ['after other events', names(3)],
    ['alone', []],
  ])('%s: nothing of it is cut off, another is begun, and that is said', async (_what, earlier) => {
    const before = open();
    said(before, ...earlier);
    await before.close();
    const file = inLog('events-000001.ndjson');
    fs.appendFileSync(file, 'x'.repeat(300_000));
    const { size } = fs.statSync(file);
    const log = open({ wasKilled: true });
    said(log, 'later');
    await log.close();
    expect([fs.statSync(file).size, files()]).toEqual([size, ['events-000001.ndjson', 'events-000002.ndjson']]);
    expect((await logged()).reasons).toEqual([...earlier, 'later']);
    expect(problems).toEqual([{ kind: 'note', code: 'state-damaged', message: expect.stringContaining('is cut') }]);
  });
});

describe('a disk that refuses', () => {
  const refusing = (code: string, times: number) => {
    const { write } = fs;
    let left = times;
    return vi.spyOn(fs, 'write').mockImplementation(((...args: Parameters<typeof write>) => {
      if (left-- <= 0) return write(...args);
      const done = args.at(-1) as unknown as (error: Error) => void;
      setImmediate(() => done(Object.assign(new Error(code), { code })));
    }) as never);
  };

  it('is a problem until it takes events again, and none is lost', async () => {
    const log = open();
    said(log, 'e1');
    await log.written();
    const before = cleared;
    refusing('ENOSPC', 2);
    said(log, 'e2', 'e3');
    await until(() => problems.length > 0);
    said(log, 'e4');
    await until(() => cleared > before);
    expect(await logged()).toEqual({ reasons: names(4), damaged: 0 });
    expect(problems[0]).toMatchObject({
      kind: 'add',
      code: 'no-space',
      message: `The event log ${inLog()} cannot be written: the disk is full; it is tried again.`,
    });
    expect(files()).toEqual(['events-000001.ndjson']);
    said(log, 'e5');
    await log.written();
    expect((await logged()).reasons).toEqual(names(5));
    await log.close();
  });

  it.each([0, 1, 30])('after %i bytes of a line leaves nothing of it', async (count) => {
    const log = open();
    said(log, 'e1');
    await log.written();
    const { write } = fs;
    const wrote = vi.spyOn(fs, 'write');
    if (count > 0)
      wrote.mockImplementationOnce(((...args: Parameters<typeof write>) => {
        const bytes = (args[1] as unknown as Buffer).subarray(0, count);
        write(args[0], bytes, 0, count, null, args.at(-1) as never);
      }) as never);
    wrote.mockImplementationOnce(((...args: Parameters<typeof write>) => {
      (args.at(-1) as unknown as (error: Error) => void)(Object.assign(new Error('EIO'), { code: 'EIO' }));
    }) as never);
    const before = cleared;
    said(log, 'e2');
    await until(() => cleared > before);
    expect([await logged(), files()]).toEqual([{ reasons: ['e1', 'e2'], damaged: 0 }, ['events-000001.ndjson']]);
    expect(problems.map(({ kind }) => kind)).toEqual(['add']);
    await log.close();
  });

  it('does not keep a server from ending, and no time passes', async () => {
    const log = open();
    refusing('EIO', 1_000);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    said(log, 'e1');
    while (problems.length === 0) await turn();
    await log.close();
    expect((await logged()).reasons).toEqual([]);
    expect(openFiles()).toEqual([]);
  });

  it('keeps a server for a moment where it does not answer', async () => {
    const log = open();
    vi.spyOn(fs, 'write').mockImplementation((() => {}) as never);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    said(log, 'e1');
    await turn();
    let isClosed = false;
    const closing = log.close().then(() => {
      isClosed = true;
    });
    await vi.advanceTimersByTimeAsync(1_499);
    expect(isClosed).toBe(false);
    vi.advanceTimersByTime(1);
    await closing;
    // Its descriptor may still be used.
    const [left] = fs.readdirSync('/proc/self/fd').filter((fd) => openFiles().length === 1 && isLogOf(fd));
    expect(left).toBeDefined();
    fs.closeSync(Number(left));
  });
});

describe('reading', () => {
  const event = (id: number, about: object): NumberedEvent =>
    ({ time: `2026-11-21T14:0${id}:00.000Z`, run: 'abc', id, event: 'synced', ...about }) as unknown as NumberedEvent;
  const all = [
    event(1, { path: 'docs/plan.txt' }),
    event(2, { path: 'docs' }),
    event(3, { path: 'docs2' }),
    event(4, { path: 'new', was: 'docs/old' }),
    event(5, { path: 'x', copy: 'docs/"quoted" é.txt' }),
    { time: '2026-11-21T14:06:00.000Z', run: 'abc', id: 6, event: 'resumed', by: 'anna' } as const,
  ];
  it.each<[EventFilter, number[]]>([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ path: 'docs' }, [1, 2, 4, 5]],
    [{ path: 'docs/plan.txt' }, [1]],
    [{ path: 'docs/"quoted" é.txt' }, [5]],
    [{ path: 'plan.txt' }, []],
    [{ prefix: 'docs' }, [1, 2, 3, 4, 5]],
    [{ prefix: 'docs/p' }, [1]],
    [{ since: '2026-11-21T14:04:00.000Z' }, [4, 5, 6]],
    [{ since: '2026-11-21T14:04:00.000Z', path: 'docs' }, [4, 5]],
    [{ since: '2027-01-01T00:00:00.000Z' }, []],
  ])('%j gives %j', async (filter, ids) => {
    const log = open();
    for (const one of all) log.add(one);
    await log.close();
    const found: number[] = [];
    for await (const piece of readEvents(directory, filter)) found.push(...piece.events.map(({ id }) => id));
    expect(found).toEqual(ids);
  });

  it('takes the files in the order of their numbers, whatever number of digits they have', async () => {
    fs.writeFileSync(inLog('events-999999.ndjson'), `${JSON.stringify(event(1, { reason: 'earlier' }))}\n`);
    fs.writeFileSync(inLog('events-1000000.ndjson'), `${JSON.stringify(event(2, { reason: 'later' }))}\n`);
    expect(await logged()).toEqual({ reasons: ['earlier', 'later'], damaged: 0 });
  });

  it('takes lines that are longer than a piece, and pieces that end anywhere', async () => {
    const log = open();
    const reasons = Array.from({ length: 60 }, (_, n) => 'é'.repeat(n * 997));
    said(log, ...reasons);
    await log.close();
    expect(await logged()).toEqual({ reasons, damaged: 0 });
  });
});

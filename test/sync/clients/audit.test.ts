import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { RelPath } from '../../../src/core/path.js';
import { Audit } from '../../../src/sync/clients/audit.js';
import type { ClientMethods, Target } from '../../../src/wire/client-api/methods.js';
import { clientParams } from '../../../src/wire/client-api/params.js';
import type { Connection } from '../../../src/wire/socket/connection.js';
import { file, p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const claimed = { remote: '127.0.0.1:5', person: null } as unknown as Connection;
const atB = { remote: '10.0.0.3:9', person: null, side: 'b' } as unknown as Connection;
const anna = { remote: '10.0.0.2:7', person: { name: 'anna', role: 'user' } } as unknown as Connection;

function open(write: (line: object) => Promise<void> = async () => {}) {
  const fixture = new LockFixture({ x: file('x'), y: file('y') });
  const lines: Record<string, unknown>[] = [];
  const settled = (target: Target): Target =>
    'path' in target || target.index !== 1 ? target : { path: 'y' as RelPath };
  const audit = new Audit({
    log: {
      write: (line) => {
        lines.push(line as Record<string, unknown>);
        return write(line);
      },
    },
    lockState: fixture.lockState,
    pair: fixture.pair,
    settled,
    now: () => 0,
  });
  return { fixture, lines, audit };
}

describe('the audit', () => {
  test('has a line for every method that changes something, and for no other', async () => {
    const { audit, lines } = open();
    for (const method of Object.keys(clientParams) as (keyof ClientMethods)[]) await audit.record(method, {}, claimed);
    const recorded = lines.map(({ method }) => method).sort();
    expect(recorded).toEqual([
      'ask',
      'delete',
      'lock',
      'pause',
      'prune',
      'rename',
      'resolve',
      'restore',
      'resume',
      'unlock',
      'upload',
    ]);
    await audit.record('prune', { dryRun: true }, claimed);
    expect(lines).toHaveLength(recorded.length);
  });

  test('says of a client that has come through server-b where he comes from, and that', async () => {
    const { audit, lines } = open();
    await audit.record('lock', { targets: [{ path: 'x' }], owner: 'bert' } as never, atB);
    expect(lines).toMatchObject([{ who: 'bert', proved: false, from: '10.0.0.3:9', at: 'b' }]);
    await audit.record('lock', { targets: [{ path: 'x' }], owner: 'bert' } as never, claimed);
    expect(lines[1]).not.toHaveProperty('at');
  });

  test('says who, whether it is proved, from where, what, and what was before', async () => {
    const { audit, lines, fixture } = open();
    fixture.lockState.dispatch({ kind: 'lock', path: p('x'), owner: 'bert', side: 'a', message: '', now: 1 });
    await audit.record('unlock', { targets: [{ path: 'x' }], owner: 'carl', force: true } as never, claimed);
    await audit.record('delete', { targets: [{ index: 1 }, { index: 9 }], owner: 'anna' }, anna);
    expect(lines).toEqual([
      {
        time: '1970-01-01T00:00:00.000Z',
        who: 'carl',
        proved: false,
        role: 'admin',
        from: '127.0.0.1:5',
        method: 'unlock',
        paths: ['x'],
        asked: { force: true },
        before: { x: { owner: 'bert' } },
        after: { owner: null },
      },
      {
        time: '1970-01-01T00:00:00.000Z',
        who: 'anna',
        proved: true,
        role: 'user',
        from: '10.0.0.2:7',
        method: 'delete',
        paths: ['y'],
        before: { y: { size: file('y').size, hash: file('y').hash } },
      },
    ]);
  });

  test('says what will be where the request says it', async () => {
    const { audit, lines } = open();
    await audit.record('rename', { target: { path: 'x' }, to: 'z', owner: 'o' }, claimed);
    await audit.record('upload', { path: 'n', owner: 'o', size: 3 }, claimed);
    await audit.record('pause', { owner: 'o' }, claimed);
    await audit.record('resume', { acceptDeletes: true } as never, claimed);
    expect(lines.map(({ after, asked, before }) => ({ after, asked, before }))).toMatchObject([
      { after: { path: 'z' } },
      { after: { size: 3 }, before: undefined },
      { after: { paused: 'o' }, before: { paused: null } },
      { after: { paused: null }, asked: { acceptDeletes: true } },
    ]);
  });

  test('is there before the request goes on, with the file that was meant', async () => {
    let wrote = () => {};
    const { audit } = open(
      () =>
        new Promise((resolve) => {
          wrote = resolve;
        }),
    );
    let goesOn = false;
    const recording = audit.record('lock', { targets: [{ index: 1 }], owner: 'o' }, claimed).then((params) => {
      goesOn = true;
      return params;
    });
    await new Promise(setImmediate);
    expect(goesOn).toBe(false);
    wrote();
    expect((await recording).targets).toEqual([{ path: 'y' }]);
  });

  test('refuses what it cannot record', async () => {
    const { audit } = open(() => Promise.reject(new SyncError('failed', 'the disk is full')));
    await expect(audit.record('lock', { owner: 'o' }, claimed)).rejects.toMatchObject({ code: 'failed' });
    await expect(audit.record('list', {}, claimed)).resolves.toEqual({});
  });

  test('names as many paths as a line may have, and how many more', async () => {
    const { audit, lines } = open();
    const targets = Array.from({ length: 1_000 }, (_, n) => ({ path: `${'d'.repeat(96)}${1000 + n}` }));
    await audit.record('delete', { targets, owner: 'o' }, claimed);
    expect([(lines[0]!.paths as string[]).length, lines[0]!.more]).toEqual([655, 345]);
  });
});

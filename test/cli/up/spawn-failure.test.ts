// Children that cannot be started because no file handles are left: Node gives them no streams, and says so later.
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventCommand } from '../../../src/cli/server/on-event.js';
import { childTransport } from '../../../src/cli/up/child-peer.js';
import { commandTransport } from '../../../src/cli/up/ssh-peer.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const handles = vi.hoisted(() => ({ left: false }));

vi.mock('node:child_process', async (original) => {
  const real = await original<typeof import('node:child_process')>();
  const stillborn = (): ChildProcess => {
    const child: ChildProcess = Reflect.construct(real.ChildProcess, []);
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn x EMFILE'), { code: 'EMFILE' })));
    return child;
  };
  const spawn = (...given: Parameters<typeof real.spawn>) => (handles.left ? real.spawn(...given) : stillborn());
  return { ...real, spawn, fork: stillborn };
});

let root: string;
beforeEach(() => {
  root = makeRoot('spawn-failure');
  handles.left = false;
});
afterEach(() => removeRoot(root));

const signal = new AbortController().signal;
const say = (): void => {};

it('is the reason why ssh cannot be started', async () => {
  const ssh = commandTransport({ words: ['ssh', 'h'], name: 'h:d', host: 'h', remote: 'lockstep', say });
  await expect(ssh.open(signal)).rejects.toMatchObject({
    code: 'unreachable',
    message: 'Cannot start server-b on h: spawn x EMFILE',
  });
});

it('is the reason why a server-b of this machine cannot be started', async () => {
  await expect(childTransport({ dir: root, args: [], say }).open(signal)).rejects.toMatchObject({
    code: 'unreachable',
    message: 'Cannot start server-b: spawn x EMFILE.',
  });
});

it('lets the command of --on-event start later, with what has waited', async () => {
  const warned: string[] = [];
  const out = path.join(root, 'out');
  const command = new EventCommand(`cat > '${out}'`, (text) => warned.push(text));
  const event = (id: number) =>
    ({ time: '2026-11-21T14:03:22.118Z', run: 'r', id, event: 'peer-lost', reason: '' }) as const;
  command.event(event(1));
  command.event(event(2));
  await until(() => warned.length > 0);
  expect(warned).toEqual([expect.stringContaining('spawn x EMFILE')]);
  handles.left = true;
  await until(() => fs.existsSync(out));
  await command.close();
  expect(fs.readFileSync(out, 'utf8')).toBe([1, 2].map((id) => `${JSON.stringify(event(id))}\n`).join(''));
});

it('is no failure of a command that waits for its input to end: it ends when its greeting is given up', async () => {
  handles.left = true;
  const at = (name: string): string => path.join(root, name);
  const script = `trap '' TERM; echo > '${at('begun')}'; cat > /dev/null; echo > '${at('over')}'`;
  const ssh = commandTransport({ words: ['sh', '-c', script], name: 'h:d', host: 'h', remote: 'lockstep', say });
  const stop = new AbortController();
  const opening = ssh.open(stop.signal).catch((error: unknown) => error);
  await until(() => fs.existsSync(at('begun')));
  stop.abort();
  expect(await opening).toMatchObject({ code: 'unreachable' });
  await until(() => fs.existsSync(at('over')));
});

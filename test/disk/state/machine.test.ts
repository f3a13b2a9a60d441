// How a machine is told from another one.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { describeRoot } from '../../../src/disk/state/machine.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

afterEach(() => void vi.restoreAllMocks());

const digest = (id: string) => createHash('sha256').update(`lockstep ${id}`).digest('hex').slice(0, 32);

test.each<[it: string, files: Record<string, string>, machine: string]>([
  [
    'its id, of which only a digest is told',
    { '/etc/machine-id': 'abc\n', '/var/lib/dbus/machine-id': 'def' },
    digest('abc'),
  ],
  ['the id that D-Bus has', { '/var/lib/dbus/machine-id': 'def\n' }, digest('def')],
  ['that one, where the other is empty', { '/etc/machine-id': '\n', '/var/lib/dbus/machine-id': 'def' }, digest('def')],
  ['its name', {}, os.hostname()],
])('by %s', (_, files, machine) => {
  const root = makeRoot('machine');
  const opened = openRoot(root);
  vi.spyOn(fs, 'readFileSync').mockImplementation(((file: string) => {
    if (files[file] === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    return files[file];
  }) as never);
  expect(describeRoot(opened, 'id')).toMatchObject({ root: 'id', dir: opened.path, machine });
  vi.restoreAllMocks();
  removeRoot(root);
});

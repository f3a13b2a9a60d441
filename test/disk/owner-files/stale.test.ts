// Whether an owner file is one that nobody keeps any more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Owner } from '../../../src/core/owner-files/owner.js';
import { type Machine, thisMachine } from '../../../src/disk/owner-files/machine.js';
import { staleBecause } from '../../../src/disk/owner-files/stale.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const BOOT = 1_000_000;
const MADE = BOOT + 60_000;
const machine: Machine = {
  ...{ host: 'here', user: 'server', bootMs: () => BOOT, processesOf: async () => [], hasOpen: () => false },
  isAlive: (pid) => pid < 100,
};
const nobody: Owner = { user: null, host: null, pid: null, boot: null };
const file = { name: 'f', app: 'Vim', format: 'vim', documents: ['x'], byName: true } as const;
const DIED = 'the program has ended';

describe('an owner file is stale', () => {
  test.each<[it: string, owner: Partial<Owner>, witnesses: number[], madeMs: number, because: string | null]>([
    ['names nobody', {}, [], MADE, null],
    ['of a process that runs', { host: 'here', pid: 7 }, [], MADE, null],
    ['of a process that has ended', { host: 'here', pid: 700 }, [], MADE, 'its process 700 has ended'],
    ['of such a process elsewhere', { host: 'pc', pid: 700 }, [], MADE, null],
    ['of such a process nobody knows where', { pid: 700 }, [], MADE, null],
    ['older than the machine', { host: 'pc' }, [], BOOT - 2_001, 'it is older than the last start of this machine'],
    ['about as old as the machine', { host: 'here' }, [], BOOT - 1_999, null],
    ['whose witnesses have all ended', {}, [700, 701], MADE, DIED],
    ['of this machine whose witnesses have all ended', { host: 'here' }, [700], MADE, DIED],
    ['one of whose witnesses runs', { host: 'here' }, [700, 7], MADE, null],
    ['of another machine whose witnesses have all ended', { host: 'pc' }, [700], MADE, null],
  ])('or not: one %s', (_, owner, witnesses, madeMs, because) => {
    const found = { file, documents: ['x'], owner: { ...nobody, ...owner }, madeMs };
    expect(staleBecause(found, machine, witnesses)).toBe(because);
  });
});

describe('this machine', () => {
  test('knows its processes, and those that were started after a file was made', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' });
    onTestFinished(() => void child.kill());
    await once(child, 'spawn');
    const { pid } = child;
    expect(thisMachine.isAlive(pid!, Date.now())).toBe(true);
    expect(thisMachine.isAlive(pid!, Date.now() - 3_600_000)).toBe(process.platform !== 'linux');
    child.kill();
    await once(child, 'exit');
    expect(thisMachine.isAlive(pid!, Date.now())).toBe(false);
    expect(thisMachine.isAlive(process.pid, Date.now())).toBe(true);
  });

  test.runIf(process.platform === 'linux')('knows the processes of LibreOffice by their name', async () => {
    const place = makeRoot('machine');
    fs.symlinkSync('/bin/sleep', path.join(place, 'soffice.bin'));
    const child = spawn(path.join(place, 'soffice.bin'), ['1000']);
    onTestFinished(() => {
      child.kill();
      removeRoot(place);
    });
    await once(child, 'spawn');
    expect(await thisMachine.processesOf('LibreOffice')).toContain(child.pid);
    expect(await thisMachine.processesOf('KiCad')).not.toContain(child.pid);
    expect(thisMachine.hasOpen(process.pid, place)).toBe(false);
    const fd = fs.openSync(place, 'r');
    expect(thisMachine.hasOpen(process.pid, place)).toBe(true);
    fs.closeSync(fd);
  });

  test('was started before now, and knows no processes of a program that tells its own', async () => {
    expect(thisMachine.bootMs()).toBeLessThan(Date.now());
    expect(await thisMachine.processesOf('Vim')).toEqual([]);
    expect(Array.isArray(await thisMachine.processesOf('LibreOffice'))).toBe(true);
    expect([thisMachine.user, thisMachine.host].every((name) => name.length > 0)).toBe(true);
  });
});

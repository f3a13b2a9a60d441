import { describe, expect, test } from 'vitest';
import type { Role } from '../../../src/core/person.js';
import { admit } from '../../../src/sync/clients/door.js';
import type { ClientMethods } from '../../../src/wire/client-api/methods.js';
import { clientParams } from '../../../src/wire/client-api/params.js';
import type { Connection } from '../../../src/wire/socket/connection.js';

const METHODS = Object.keys(clientParams) as (keyof ClientMethods)[];
const ROLES: readonly Role[] = ['read', 'user', 'admin'];
const by = (role: Role): Connection => ({ person: { name: 'anna', role } }) as unknown as Connection;
const claimed = { person: null } as unknown as Connection;

/** The roles that may call `method`. */
const rolesFor = (method: keyof ClientMethods, params = {}): Role[] =>
  ROLES.filter((role) => {
    try {
      admit(method, params, by(role));
      return true;
    } catch {
      return false;
    }
  });

describe('the door', () => {
  test('has one least role for every method', () => {
    const table = Object.fromEntries(METHODS.map((method) => [method, rolesFor(method)[0]]));
    const of = (role: Role) => METHODS.filter((method) => table[method] === role).sort();
    expect(of('admin')).toEqual(['pause', 'prune', 'rescan', 'resume']);
    expect(of('user')).toEqual(['ask', 'delete', 'flush', 'lock', 'rename', 'resolve', 'restore', 'unlock', 'upload']);
    expect(of('read')).toEqual(METHODS.filter((method) => ![...of('admin'), ...of('user')].includes(method)).sort());
  });

  test('breaking and stealing a lock take the role admin', () => {
    expect(rolesFor('unlock', { force: true })).toEqual(['admin']);
    expect(rolesFor('lock', { steal: true })).toEqual(['admin']);
    expect(rolesFor('unlock', { force: false })).toEqual(['user', 'admin']);
  });

  test('says the role, and who can', () => {
    expect(() => admit('lock', {}, by('read'))).toThrow(
      expect.objectContaining({
        code: 'not-allowed',
        message: 'The role of anna is read, but "lock" takes the role user.',
        hint: expect.stringContaining('user or admin'),
      }),
    );
    expect(() => admit('unlock', { force: true }, by('user'))).toThrow(/breaking a lock takes the role admin/);
    expect(() => admit('lock', { steal: true }, by('user'))).toThrow(/taking a lock from another/);
  });

  test('checks the name, and adds it where it may be left out', () => {
    expect(() => admit('lock', { owner: 'bert' }, by('admin'))).toThrow(/proves the name anna, not "bert"/);
    expect(() => admit('notices', { owner: 'bert' }, by('read'))).toThrow(/proves the name anna/);
    expect(admit('lock', { owner: 'anna' }, by('user'))).toEqual({ owner: 'anna' });
    expect(admit('pause', {}, by('admin'))).toEqual({ owner: 'anna' });
    expect(admit('list', {}, by('read'))).toEqual({});
  });

  test('lets everybody do everything under his own word where no key has proved a name', () => {
    for (const method of METHODS) expect(admit(method, { owner: 'x', force: true }, claimed).owner).toBe('x');
  });
});

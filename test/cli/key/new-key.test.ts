import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defaultKeys, makeKey } from '../../../src/cli/key/new-key.js';
import { readSecretFile } from '../../../src/wire/socket/secret.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

function place(): string {
  const root = makeRoot('new-key');
  onTestFinished(() => removeRoot(root));
  return path.join(root, 'deep', 'keys');
}

const modeOf = (file: string): string => (fs.statSync(file).mode & 0o777).toString(8);

describe('a new key', () => {
  test('is one line in a file of its owner, in a directory of his', () => {
    const directory = place();
    const { file } = makeKey({ name: 'anna', role: 'read', directory });
    expect(fs.readFileSync(file, 'utf8')).toMatch(/^anna:read:[0-9a-f]{64}\n$/);
    expect([modeOf(file), modeOf(directory), file]).toEqual(['600', '700', path.join(directory, 'anna.key')]);
    expect(readSecretFile(file).person).toEqual({ name: 'anna', role: 'read' });
  });

  test('is another one for each name', () => {
    const directory = place();
    const keys = ['anna', 'bert'].map((name) => readSecretFile(makeKey({ name, role: 'user', directory }).file));
    expect(keys[0]!.key.equals(keys[1]!.key)).toBe(false);
  });

  test('never takes the place of one that is there', () => {
    const directory = place();
    const { file } = makeKey({ name: 'anna', role: 'user', directory });
    const before = fs.readFileSync(file, 'utf8');
    expect(() => makeKey({ name: 'anna', role: 'admin', directory })).toThrow(
      expect.objectContaining({ code: 'exists' }),
    );
    expect(fs.readFileSync(file, 'utf8')).toBe(before);
  });

  test.each([
    ['../x', 'user', /cannot be the name of a key/],
    ['lockstep', 'user', /the one secret is called so/],
    ['anna', 'boss', /--role takes admin, user or read, not "boss"/],
  ])('of %s with the role %s is refused', (name, role, message) => {
    const directory = place();
    expect(() => makeKey({ name, role, directory })).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
    expect(fs.existsSync(directory)).toBe(false);
  });

  test('cannot be made where a file stands in the way', () => {
    const directory = place();
    fs.mkdirSync(path.dirname(directory));
    fs.writeFileSync(directory, '');
    expect(() => makeKey({ name: 'anna', role: 'user', directory })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });

  test('goes beside the configuration unless a directory is named', () => {
    expect(defaultKeys({ XDG_CONFIG_HOME: '/c' })).toBe('/c/lockstep/keys');
    expect(defaultKeys({ HOME: '/h' })).toBe('/h/.config/lockstep/keys');
  });
});

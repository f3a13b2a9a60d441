import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSecretFile, Secret } from '../../../src/wire/socket/secret.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const digits = randomBytes(32).toString('hex');

function fileWith(content: string, mode: number): string {
  const directory = makeRoot('secret');
  onTestFinished(() => removeRoot(directory));
  const file = path.join(directory, "the 'secret'");
  fs.writeFileSync(file, content);
  fs.chmodSync(file, mode);
  return file;
}

describe('a secret file', () => {
  it.each([
    ['as openssl makes it', `${digits}\n`, 0o600],
    ['without a newline', digits, 0o600],
    ['in capitals', digits.toUpperCase(), 0o600],
    ['from Windows', `${digits}\r\n`, 0o600],
    ['read-only', digits, 0o400],
  ])('%s is taken', (_, content, mode) => {
    expect(readSecretFile(fileWith(content, mode)).key.toString('hex')).toBe(digits);
  });

  it.each([
    ['empty', '', 0o600, 'is not 64 hexadecimal digits', 'openssl rand -hex 32 >'],
    ['short', digits.slice(1), 0o600, 'is not 64', 'openssl'],
    ['long', `${digits}0`, 0o600, 'is not 64', 'openssl'],
    ['no hexadecimal', `${digits.slice(1)}g`, 0o600, 'is not 64', 'openssl'],
    ['two lines', `${digits}\n\n`, 0o600, 'is not 64', 'openssl'],
    ['very long', digits.repeat(100), 0o600, 'is not 64', 'openssl'],
    ['for the group', digits, 0o640, 'others than its owner may use it (mode 0640)', 'chmod 600 '],
    ['for everybody', digits, 0o604, 'mode 0604', String.raw`'\''secret'\'''`],
  ])('%s is refused', (_, content, mode, message, hint) => {
    const file = fileWith(content, mode);
    expect(() => readSecretFile(file)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
    expect(() => readSecretFile(file)).not.toThrow(new RegExp(digits.slice(1, 20)));
  });

  it('with invalid contents is refused', () => {
    const file = fileWith(digits, 0o600);
    for (const [name, why] of [
      [path.dirname(file), 'it is not a file'],
      [`${file}.not`, 'it does not exist'],
      [`${file}/x`, 'it does not exist'],
    ] as const) {
      expect(() => readSecretFile(name)).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining(why) }),
      );
    }
  });

  it('is not shown by accident', () => {
    const secret = Secret.parse(digits);
    for (const shown of [inspect(secret, { showHidden: true }), JSON.stringify({ secret }), String(secret)]) {
      expect(shown).not.toContain(digits.slice(0, 8));
    }
  });
});

// Links as they are read: only a target that can be written down is synchronised.
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LinkTargets } from '../../../src/disk/fs/link-target.js';
import { isLinkTo, readLink } from '../../../src/disk/fs/symlink.js';
import { p } from '../../support/disk-site.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

test.each([
  ['caf\u00e9', { type: 'symlink', target: 'caf\u00e9', mtime: 5_000 }],
  ['caf\ufffd', { type: 'symlink', target: 'caf\ufffd', mtime: 5_000 }],
  [Buffer.from('caf\xe9', 'latin1'), { fault: 'The link l is not carried: its target is not valid UTF-8.' }],
  ['/etc', { fault: expect.stringMatching(/^The link l is not carried: .*absolute/) }],
])('a link to %j', (target, expected) => {
  const root = makeRoot('links');
  onTestFinished(() => removeRoot(root));
  const absolute = path.join(root, 'l');
  fs.symlinkSync(target, absolute);
  expect(readLink(p('l'), absolute, { mtimeMs: 5 }, new LinkTargets(root))).toEqual(expected);
  // The letter for what cannot be read stands for no other.
  expect(isLinkTo(absolute, 'caf\ufffd')).toBe(target === 'caf\ufffd');
});

test('what is no link, or is gone, is no link', () => {
  const root = makeRoot('links');
  onTestFinished(() => removeRoot(root));
  fs.writeFileSync(path.join(root, 'f'), 'x');
  for (const name of ['f', 'gone'])
    expect(readLink(p(name), path.join(root, name), { mtimeMs: 5 }, new LinkTargets(root))).toBeNull();
});

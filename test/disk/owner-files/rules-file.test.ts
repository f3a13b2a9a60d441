// The file of lock rules on a disk: when it is read, what is wrong with it, and what counts before the first scan.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { RulesFile } from '../../../src/disk/owner-files/rules-file.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { silent } from '../../../src/log.js';
import { turn } from '../../support/disk-site.js';
import { makeRoot, put, removeRoot, type Tree } from '../../support/trees.js';

function rootOf(tree: Tree): string {
  const root = makeRoot('rules');
  put(root, tree);
  onTestFinished(() => removeRoot(root));
  return root;
}

const autoOf = (rules: RulesFile, at = 'x'): string => rules.rules.ruleOf(at).auto;

describe('the rules', () => {
  test('are read when the scan finds another file than before, and what asks for them is told', () => {
    const root = rootOf({ '.lockstep-rules': '* never\n' });
    const rules = new RulesFile(openRoot(root));
    let changes = 0;
    rules.onChange = () => void changes++;
    expect(autoOf(rules)).toBe('auto');
    rules.refresh('hash 1');
    expect(autoOf(rules)).toBe('never');
    put(root, { '.lockstep-rules': '* auto\n' });
    rules.refresh('hash 1');
    expect([autoOf(rules), changes]).toEqual(['never', 1]);
    rules.refresh('hash 2');
    expect([autoOf(rules), changes]).toEqual(['auto', 2]);
    put(root, { '.lockstep-rules': '* never\n' });
    rules.refresh(null);
    expect([autoOf(rules), changes]).toEqual(['auto', 3]);
  });

  test.each<[it: string, tree: Tree]>([
    ['a link', { '.lockstep-rules': { link: 'y' }, y: '* never' }],
    ['a directory', { '.lockstep-rules': {} }],
    ['gone again', {}],
  ])('are none where the file is %s', (_, tree) => {
    const rules = new RulesFile(openRoot(rootOf(tree)));
    rules.refresh('hash');
    expect([autoOf(rules), rules.problems]).toEqual(['auto', []]);
  });

  test('say what is wrong with their lines, in one problem, and the other lines count', () => {
    const bad = Array.from({ length: 7 }, (_, n) => `x${n} sometimes\n`).join('');
    const rules = new RulesFile(openRoot(rootOf({ '.lockstep-rules': `* never\n${bad}` })));
    rules.refresh('hash');
    const [problem, ...more] = rules.problems;
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path: '.lockstep-rules', code: 'bad-rule' });
    expect(problem!.message).toMatch(
      /^Line 2: "sometimes" is none of these: .* Line 6: .* And 2 more\. The other lines count\.$/,
    );
    expect(autoOf(rules)).toBe('never');
  });

  test('of a file that is too large count for nothing', () => {
    const rules = new RulesFile(openRoot(rootOf({ '.lockstep-rules': '* never\n'.repeat(8_193) })));
    rules.refresh('hash');
    expect(autoOf(rules)).toBe('auto');
    expect(rules.problems[0]!.message).toContain('larger than 64 KiB');
  });
});

test('a replica that is opened anew has the rules of the last run before its first scan', async () => {
  const root = rootOf({ '.lockstep-rules': '* never\n' });
  const opened = openRoot(root);
  const open = (hasRules: boolean) => {
    const state = openStateDirectory(opened.path, silent);
    const replica = new LocalReplica({ root: opened, state, ignore: [], log: silent, hasRules });
    const close = async () => {
      await replica.close();
      state.release();
    };
    return { replica, close };
  };
  const first = open(true);
  while ((await first.replica.scan('everything')).unsettled > 0) await turn();
  expect(autoOf(first.replica.lockRules)).toBe('never');
  await first.close();
  const second = open(true);
  expect(autoOf(second.replica.lockRules)).toBe('never');
  fs.rmSync(path.join(root, '.lockstep-rules'));
  await second.replica.scan('everything');
  expect(autoOf(second.replica.lockRules)).toBe('auto');
  await second.close();
  put(root, { '.lockstep-rules': '* sometimes\n' });
  const other = open(false);
  expect((await other.replica.scan('everything')).problems).toEqual([]);
  await other.close();
});

// A command that runs server-b elsewhere: what becomes of it when it does not greet.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commandTransport } from '../../../src/cli/up/ssh-peer.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('ssh-peer');
});
afterEach(() => removeRoot(root));

it('ends with its input, also where a signal does not end it', async () => {
  const at = (name: string): string => path.join(root, name);
  const script = `trap '' TERM; echo > '${at('begun')}'; cat > /dev/null; echo > '${at('over')}'`;
  const words = ['sh', '-c', script];
  const ssh = commandTransport({ words, name: 'h:d', host: 'h', remote: 'lockstep', say: () => {} });
  const stop = new AbortController();
  const opening = ssh.open(stop.signal).catch((error: unknown) => error);
  await until(() => fs.existsSync(at('begun')));
  stop.abort();
  expect(await opening).toMatchObject({ code: 'unreachable' });
  await until(() => fs.existsSync(at('over')));
});

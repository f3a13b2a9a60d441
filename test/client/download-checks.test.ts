// A client is as careful with a server as a server with a client: a download is what was announced, or nothing.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveDownload } from '../../src/client/download.js';
import { readContent } from '../../src/client/transfers.js';
import type { IncomingCall, Method } from '../../src/wire/rpc/responder.js';
import { makeRoot, removeRoot } from '../support/trees.js';
import { calling, serving } from '../wire/ends.js';

let root: string;
beforeEach(() => {
  root = makeRoot();
});
afterEach(() => removeRoot(root));

const CONTENT = Buffer.from('what is in the file');
const hash = createHash('sha256').update(CONTENT).digest('hex');
const file = { path: 'f', size: CONTENT.length, mtime: '2026-11-21T14:03:22.118Z', mode: 0o644, hash, from: 0 };
const result = { path: 'f', size: CONTENT.length, hash };

/** A server that answers a download so. */
async function told(handle: (call: IncomingCall) => Promise<void>) {
  const download: Method = {
    params: v.object({}),
    handle: async (_params, call) => {
      await handle(call);
      return result;
    },
  };
  return calling(await serving({ download }));
}

const say = (call: IncomingCall, fields: object = {}) => call.notify('file', { ...file, ...fields });
const send = (call: IncomingCall, data: Buffer) => call.notify('content', {}, data);
const endless = async (call: IncomingCall) => {
  while (!call.signal.aborted) await send(call, Buffer.alloc(64 * 1024));
};

const wrong: [what: string, handle: (call: IncomingCall) => Promise<void>, code: string][] = [
  [
    'more than announced',
    async (call) => [await say(call), await send(call, CONTENT), await send(call, CONTENT)].at(9),
    'bad-message',
  ],
  ['without end', async (call) => [await say(call), await endless(call)].at(9), 'bad-message'],
  [
    'less than announced',
    async (call) => [await say(call), await send(call, CONTENT.subarray(1))].at(9),
    'bad-message',
  ],
  ['nothing', async () => {}, 'bad-message'],
  ['its name alone', say, 'bad-message'],
  ['content before its name', async (call) => send(call, CONTENT), 'bad-message'],
  ['two names', async (call) => [await say(call), await say(call)].at(9), 'bad-message'],
  ['a beginning that is longer than the whole', async (call) => say(call, { from: CONTENT.length + 1 }), 'bad-message'],
  ['a beginning that is not here', async (call) => say(call, { from: 3 }), 'failed'],
  ['another content', async (call) => [await say(call), await send(call, Buffer.alloc(CONTENT.length))].at(9), 'busy'],
  ['a path that leads out', async (call) => say(call, { path: '../f' }), 'bad-params'],
  ['a hash that is none', async (call) => say(call, { hash: '../../f' }), 'bad-params'],
  ['bits that are none of a file', async (call) => say(call, { mode: 0o4755 }), 'bad-params'],
];

describe('a server that sends', () => {
  it.each(wrong)('%s is told so, and nothing is left', async (_what, handle, code) => {
    const caller = await told(handle);
    const saving = saveDownload(caller, { path: 'f' }, path.join(root, 'f'));
    await expect(saving).rejects.toMatchObject({ code });
    expect(fs.readdirSync(root)).toEqual([]);
  });

  it('more than announced is not read on by who reads without saving either', async () => {
    const caller = await told(async (call) => {
      await say(call);
      await endless(call);
    });
    const read = async () => {
      let bytes = 0;
      for await (const piece of readContent(caller, { path: 'f' })) bytes += piece.length;
      return bytes;
    };
    await expect(read()).rejects.toMatchObject({ code: 'bad-message' });
  });

  it('what it announced is believed', async () => {
    const caller = await told(async (call) => {
      await say(call);
      await send(call, CONTENT.subarray(0, 5));
      await send(call, CONTENT.subarray(5));
    });
    await saveDownload(caller, { path: 'f' }, path.join(root, 'f'));
    expect(fs.readFileSync(path.join(root, 'f'))).toEqual(CONTENT);
  });
});

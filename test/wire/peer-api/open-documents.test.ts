// What is open, and which locks are shown, as messages: long lists come in parts, and bad ones are refused.
import { describe, expect, it, test } from 'vitest';
import type { OpenDocument, OpenDocuments, ShownLock } from '../../../src/replica.js';
import {
  encodeOpenDocuments,
  encodeShownLocks,
  OpenDocumentsReader,
  parseShownLocks,
} from '../../../src/wire/peer-api/open-documents.js';
import { p } from '../../support/disk-site.js';

const document: OpenDocument = { path: p('d/x.odt'), app: 'LibreOffice', owner: 'Ann \u001b[31m', account: 'ann@pc' };
const lock: ShownLock = { path: p('x'), holder: { user: 'ann', host: '', since: 5 } };
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const LAST = { account: 'server@b' };

/** Takes all parts. @returns what came with each. */
function told(open: OpenDocuments, reader = new OpenDocumentsReader()): (OpenDocuments | null)[] {
  return encodeOpenDocuments(open).map(({ params, payload }) => reader.take(params, payload ?? null));
}

describe('what is open', () => {
  it.each<[it: string, documents: OpenDocument[]]>([
    ['nothing', []],
    ['documents', [document, { ...document, path: p('ü/y'), account: null }]],
  ])('%s is one message', (_, documents) => {
    expect(told({ account: 'server@b', documents })).toEqual([{ account: 'server@b', documents }]);
  });

  it('is put together from parts, each time anew', () => {
    const documents = Array.from({ length: 5_000 }, (_, n) => ({ ...document, path: p(`${'d'.repeat(200)}/${n}`) }));
    const open = { account: 'server@b', documents };
    const reader = new OpenDocumentsReader();
    for (let n = 0; n < 2; n++) {
      const parts = told(open, reader);
      expect(parts.length).toBeGreaterThan(2);
      expect(parts.slice(0, -1).every((part) => part === null)).toBe(true);
      expect(parts.at(-1)).toEqual(open);
    }
  });

  it('is never more than 5,000 documents', () => {
    const documents = Array.from({ length: 5_001 }, () => document);
    expect(told({ account: 'server@b', documents }).at(-1)?.documents.length).toBe(5_000);
    const reader = new OpenDocumentsReader();
    const part = json(documents.slice(0, 2_501));
    expect(reader.take({ ...LAST, more: true }, part)).toBeNull();
    expect(() => reader.take({ ...LAST, more: true }, part)).toThrow('too many documents');
  });

  test.each<[params: unknown, payload: Buffer | null]>([
    [{}, json([])],
    [{ account: '' }, json([])],
    [{ account: 7 }, json([])],
    [{ account: 'x'.repeat(257) }, json([])],
    [{ ...LAST, more: 1 }, json([])],
    [LAST, Buffer.from('nonsense')],
    [LAST, json({})],
    [LAST, json(['x'])],
    ...[
      { path: '../x' },
      { path: '/x' },
      { path: '.lockstep/x' },
      { path: 7 },
      { app: null },
      { app: '' },
      { owner: '' },
      { owner: 'x'.repeat(257) },
      { owner: '\ud800' },
      { account: undefined },
      { account: '' },
    ].map((fault): [unknown, Buffer] => [LAST, json([document, { ...document, ...fault }])]),
  ])('%j %s is refused', (params, payload) => {
    expect(() => new OpenDocumentsReader().take(params, payload)).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    );
  });
});

describe('the locks to show', () => {
  it.each<[locks: ShownLock[]]>([[[]], [[lock, { path: p('y'), holder: null }]]])('%j are one message', (locks) => {
    expect(encodeShownLocks(locks).map(({ payload }) => parseShownLocks(payload))).toEqual([locks]);
  });

  it('come in parts where they are many', () => {
    const locks = Array.from({ length: 5_000 }, (_, n) => ({ ...lock, path: p(`${'d'.repeat(200)}/${n}`) }));
    const parts = encodeShownLocks(locks).map(({ payload }) => parseShownLocks(payload));
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flat()).toEqual(locks);
  });

  test.each<[fault: object]>([
    [{ path: '../x' }],
    [{ holder: 'ann' }],
    [{ holder: undefined }],
    [{ holder: { ...lock.holder, user: 7 } }],
    [{ holder: { ...lock.holder, host: 'x'.repeat(257) } }],
    [{ holder: { ...lock.holder, since: -1 } }],
    [{ holder: { ...lock.holder, since: 1.5 } }],
  ])('%j is refused', (fault) => {
    expect(() => parseShownLocks(json([{ ...lock, ...fault }]))).toThrowError(
      expect.objectContaining({ code: 'bad-message' }),
    );
  });
});

// Whom server-b refuses, and what he is told.
import { SyncError } from '../../core/errors.js';
import { PEER_NAME } from '../../core/person.js';
import { PROTOCOL_VERSION } from '../../wire/client-api/methods.js';

export const notIntroduced = (): SyncError =>
  new SyncError('not-allowed', 'Say hello as server-a first.', { hint: 'Only server-a may call this.' });

export const notTheServersKey = (name: string): SyncError =>
  new SyncError('not-allowed', `The key of ${name} is not that of the two servers.`, {
    hint: `Give server-a the key ${PEER_NAME}, in its directory of keys or with --secret-file.`,
  });

export const foreignProtocol = (protocol: number): SyncError =>
  new SyncError('bad-message', `This server speaks protocol ${PROTOCOL_VERSION}, not ${protocol}.`, {
    hint: 'Use the same version of Lockstep on both sides.',
  });

export const taken = (): SyncError =>
  new SyncError('busy', 'This server-b is paired with another server-a at present.', {
    hint: 'Stop that one first: a directory has one partner.',
  });

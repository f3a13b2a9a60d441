// Serves the versions of one root to the server-a that is connected; `versions-client` is the other end.
import type { GenericSchema } from 'valibot';
import type { RelPath } from '../../core/path.js';
import type { VersionReader } from '../../replica.js';
import { parseWanted } from '../../wire/peer-api/messages.js';
import { peerParams } from '../../wire/peer-api/params.js';
import { encodeVersions } from '../../wire/peer-api/versions.js';
import type { IncomingCall, Method } from '../../wire/rpc/responder.js';
import type { Bandwidth } from './bandwidth.js';
import { sendContent } from './send-content.js';

/**
 * The methods that read versions.
 * @param guarded refuses calls from connections that have not said hello as server-a.
 * @param bandwidth holds contents back to its rate.
 */
export function versionMethods(
  versionReader: VersionReader,
  guarded: (params: GenericSchema, handle: Method['handle']) => Method,
  bandwidth: Bandwidth,
): Record<string, Method> {
  return {
    versions: guarded(peerParams.versions, async ({ path }: { path: RelPath }, call) => {
      for (const { payload } of encodeVersions(await versionReader.list(path)))
        await call.notify('versions', {}, payload);
      return {};
    }),
    'recent-versions': guarded(peerParams['recent-versions'], async ({ since }: { since: number }, call) => {
      for await (const versions of versionReader.recent(since))
        for (const { payload } of encodeVersions(versions)) await call.notify('versions', {}, payload);
      return {};
    }),
    'version-usage': guarded(peerParams['version-usage'], () => versionReader.usage()),
    'prune-versions': guarded(peerParams['prune-versions'], ({ olderMs, dryRun, before }) =>
      versionReader.prune(olderMs, dryRun, before),
    ),
    'look-version': guarded(peerParams['look-version'], async ({ name }: { name: RelPath }) => ({
      entry: await versionReader.entryOf(name),
    })),
    'read-version': guarded(peerParams['read-version'], (_params, call, payload) =>
      read(versionReader, call, payload, bandwidth),
    ),
  };
}

async function read(
  versionReader: VersionReader,
  call: IncomingCall,
  payload: Buffer | null,
  bandwidth: Bandwidth,
): Promise<object> {
  for (const { path, file } of parseWanted(payload).slice(0, 1)) {
    for await (const content of versionReader.read(path, file))
      await sendContent(content, bandwidth, (...piece) => call.notify(...piece));
  }
  return {};
}

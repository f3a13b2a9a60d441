// The far end of `remote-earlier`: what server-b keeps of earlier contents, for the server-a that it serves.
import type { GenericSchema } from 'valibot';
import type { RelPath } from '../core/path.js';
import type { Earlier } from '../replica.js';
import { peerParams } from '../wire/client-api/params.js';
import { encodeContent, parseWanted } from '../wire/peer-api/messages.js';
import { encodeVersions } from '../wire/peer-api/versions.js';
import type { Call, Method } from '../wire/rpc/responder.js';

/**
 * The methods about earlier contents.
 * @param guarded lets only the server-a that was introduced call a method.
 */
export function earlierMethods(
  earlier: Earlier,
  guarded: (params: GenericSchema, handle: Method['handle']) => Method,
): Record<string, Method> {
  return {
    versions: guarded(peerParams.versions, async ({ path }: { path: RelPath }, call) => {
      for (const { payload } of encodeVersions(await earlier.list(path))) await call.notify('versions', {}, payload);
      return {};
    }),
    'look-version': guarded(peerParams['look-version'], async ({ name }: { name: RelPath }) => ({
      entry: await earlier.look(name),
    })),
    'read-version': guarded(peerParams['read-version'], (_params, call, payload) => read(earlier, call, payload)),
  };
}

async function read(earlier: Earlier, call: Call, payload: Buffer | null): Promise<object> {
  for (const { path, file } of parseWanted(payload).slice(0, 1)) {
    for await (const content of earlier.read(path, file)) {
      const { method, params, payload: data } = encodeContent(content);
      await call.notify(method, params, data);
    }
  }
  return {};
}

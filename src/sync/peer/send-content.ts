// Sends one piece of a content, in parts where the bandwidth is limited.
import type { Content } from '../../replica.js';
import { encodeContent } from '../../wire/peer-api/messages.js';
import type { Bandwidth } from './bandwidth.js';

/** Sends one notification; `release` is called when its payload has left. */
type Send = (method: string, params: object, payload?: Buffer, release?: () => void) => Promise<void>;

/** @returns when the piece was handed to the connection, which is not before its time has come. */
export async function sendContent(content: Content, bandwidth: Bandwidth, send: Send): Promise<void> {
  if (!('data' in content) || bandwidth.isFree) {
    const { method, params, payload } = encodeContent(content);
    await send(method, params, payload, 'data' in content ? content.release : undefined);
    return;
  }
  const { n, data, last, release } = content;
  let left = data.length;
  for await (const part of bandwidth.paced(data)) {
    left -= part.length;
    const { method, params, payload } = encodeContent({ n, data: part, last: last && left === 0 });
    await send(method, params, payload, left === 0 ? release : undefined);
  }
}

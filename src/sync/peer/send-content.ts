// Sends one piece of a content, or several contents that are joined, in parts where the bandwidth is limited.
import type { Content, JoinedContents } from '../../replica.js';
import { encodeContent } from '../../wire/peer-api/messages.js';
import type { Bandwidth } from './bandwidth.js';

/** Sends one notification; `release` is called when its payload has left. */
type Send = (method: string, params: object, payload?: Buffer, release?: () => void) => Promise<void>;

/** @returns when the piece was handed to the connection, which is not before its time has come. */
export async function sendContent(content: Content | JoinedContents, bandwidth: Bandwidth, send: Send): Promise<void> {
  if (bandwidth.isFree || !('data' in content || 'joined' in content)) {
    const { method, params, payload } = encodeContent(content);
    await send(method, params, payload, 'release' in content ? content.release : undefined);
    return;
  }
  if ('joined' in content) {
    for (const one of separate(content)) await sendContent(one, bandwidth, send);
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

/** @returns each content by itself. The memory of all is in use until the last one has left. */
export function* separate({ n, sizes, joined, release }: JoinedContents): Generator<Content> {
  let end = 0;
  for (const [i, size] of sizes.entries()) {
    const data = joined.subarray(end, end + size);
    end += size;
    const isLast = i === sizes.length - 1;
    yield { n: n + i, data, last: true, ...(isLast && release && { release }) };
  }
}

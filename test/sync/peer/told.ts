// Collects what a replica says.
import { expect } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { Content, Replica } from '../../../src/replica.js';
import { stream } from '../../support/disk-site.js';

/** @returns each content, or why there is none. */
export async function collect(contents: AsyncIterable<Content>): Promise<Map<number, Buffer | string>> {
  const found = new Map<number, Buffer | string>();
  for await (const content of contents) {
    if ('failed' in content) found.set(content.n, content.failed.kind);
    else if ('data' in content) {
      const before = (found.get(content.n) ?? Buffer.alloc(0)) as Buffer;
      found.set(content.n, Buffer.concat([before, content.data]));
    }
  }
  return found;
}

/** @returns the outcome of each change. */
export async function outcomes(
  replica: Replica,
  changes: readonly Change[],
  contents: AsyncIterable<Content> = stream([]),
) {
  const found: Outcome[] = [];
  for await (const { n, outcome } of replica.apply(changes, contents)) {
    expect(found[n]).toBeUndefined();
    found[n] = outcome;
  }
  expect(found.filter(() => true)).toHaveLength(changes.length);
  return found;
}

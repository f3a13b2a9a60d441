// Why a child process could not be started. Where no file handles are left, Node returns a child without streams, and
// says why a moment later.
import type { ChildProcess } from 'node:child_process';
import type { Stream } from 'node:stream';

/**
 * Makes sure that no error of the child is unhandled.
 * @param stream one of the child's streams that was asked for.
 * @returns the reason why it was not started, where it has no streams; null where it has.
 */
export function spawnFailure(child: ChildProcess, stream: Stream | null | undefined): Promise<Error> | null {
  const failed = new Promise<Error>((resolve) => child.on('error', resolve));
  return stream ? null : failed;
}

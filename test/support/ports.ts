// Ports for servers that a test starts again at the same place. While such a server is away, nobody else may get its port:
// not by asking for any free one, and not by a connection that a system opens from there.
import net from 'node:net';

/** Below the ports that systems give out by themselves. */
const FIRST = 12_000;
/** Each process has so many of them, and takes them in turn. */
const EACH = 100;
const PROCESSES = 190;

const own = FIRST + (process.pid % PROCESSES) * EACH;
let next = 0;

/** @returns a port that nothing uses now and no other process of the tests will take. */
export async function portToKeep(): Promise<number> {
  for (let tries = 0; tries < EACH; tries++) {
    const port = own + (next++ % EACH);
    if (await isFree(port)) return port;
  }
  throw new Error(`All ports from ${own} to ${own + EACH - 1} are in use.`);
}

function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

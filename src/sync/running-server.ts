// What both servers offer to the program that starts them.
import type { Transfers } from '../wire/client-api/methods.js';

/** A server that runs. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting connections, ends the running work cleanly and releases the root. */
  stop(): Promise<void>;
  /** How far the work has come; only server-a knows it. */
  progress?(): Pick<Transfers, 'done' | 'left' | 'percent'>;
  /** Resolves only if the server fails by itself. */
  readonly failed: Promise<Error>;
}

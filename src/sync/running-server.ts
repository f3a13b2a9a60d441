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
  /** Where clients on this machine reach it; only server-a has clients. */
  readonly clients?: { readonly host: string; readonly port: number };
  /** How many held updates and problems keep both sides from being equal; only server-a knows it. */
  exceptions?(): { readonly held: number; readonly problems: number };
  /** Resolves only if the server fails by itself. */
  readonly failed: Promise<Error>;
}

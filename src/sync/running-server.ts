// What both servers offer to the program that starts them.

/** A server that runs. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting connections, ends the running work cleanly and releases the root. */
  stop(): Promise<void>;
  /** What is left to transfer; only server-a knows it. */
  left?(): { readonly files: number; readonly bytes: number };
  /** Resolves only if the server fails by itself. */
  readonly failed: Promise<Error>;
}

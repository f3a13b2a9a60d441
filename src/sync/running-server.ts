// What both servers have in common for whoever starts them.

/** A server that runs. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting, finishes or abandons the step in hand cleanly, and lets go of everything. */
  stop(): Promise<void>;
  /** What is left to carry, for the server that knows. */
  left?(): { readonly files: number; readonly bytes: number };
  /** Resolves only if the server dies by itself. */
  readonly failed: Promise<Error>;
}

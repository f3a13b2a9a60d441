// The system's socket errors as text, in one table.

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'The other end broke the connection',
  EPIPE: 'The other end broke the connection',
  ECONNABORTED: 'The connection was broken',
  ETIMEDOUT: 'no answer came in time',
  EHOSTUNREACH: 'that host cannot be reached',
  ENETUNREACH: 'that network cannot be reached',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'the name cannot be resolved at present',
  EADDRINUSE: 'that port is in use',
  EADDRNOTAVAIL: 'that address is not one of this machine',
  EACCES: 'this user may not use that port',
  EMFILE: 'too many files and connections are open',
};

/** @returns why a socket failed, as a part of a sentence. */
export function socketErrorText(error: unknown): string {
  const { code, message } = firstOf(error);
  return (code !== undefined && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined) ?? message ?? 'unknown reason';
}

/** A name with several addresses fails with one error for each; the first one is reported. */
function firstOf(error: unknown): { code?: string; message?: string } {
  return (error instanceof AggregateError ? error.errors[0] : error) ?? {};
}

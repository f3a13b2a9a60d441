// What the system says about sockets, in words, translated once.

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'The other end broke the connection off',
  EPIPE: 'The other end broke the connection off',
  ECONNABORTED: 'The connection was broken off',
  ETIMEDOUT: 'no answer came in time',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'the name could not be looked up at present',
  EADDRINUSE: 'that port is in use',
  EADDRNOTAVAIL: 'that address is not one of this machine',
  EACCES: 'this user may not use that port',
  EMFILE: 'too many files and connections are open',
};

/** @returns why a socket failed, as part of a sentence. */
export function wordsFor(error: unknown): string {
  const { code, message } = firstOf(error);
  return (code !== undefined && Object.hasOwn(WORDS, code) ? WORDS[code] : undefined) ?? message ?? 'unknown reason';
}

/** A name with several addresses fails with one error for each: the first one speaks for all. */
function firstOf(error: unknown): { code?: string; message?: string } {
  return (error instanceof AggregateError ? error.errors[0] : error) ?? {};
}

// Open pages without windows: node open-pages.js ASSETS ADDRESS… . Each runs the page's own modules in a thread of its own, as
// the build has put them together, up to what it draws: so it asks the server for as much, and as often, as a page in a
// browser does. It prints a line when each page has all of the list. All of them are one process, as those of one browser on
// another machine are none here: ten would take the processors from the servers that are measured.
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const LAST_PRIORITY = 19;

async function openAll(): Promise<void> {
  const [assets, ...addresses] = process.argv.slice(2);
  os.setPriority(LAST_PRIORITY);
  const pages = addresses.map((address) => new Worker(fileURLToPath(import.meta.url), { argv: [assets, address] }));
  await Promise.all(pages.map((page) => new Promise((resolve) => page.once('message', resolve))));
  console.log('open');
}

async function openOne(): Promise<void> {
  const [assets, address] = process.argv.slice(2);
  const { origin, hash, host } = new URL(address!);
  Object.assign(globalThis, {
    fetch: fetcherFor(origin),
    EventSource: Stream,
    location: { hash, host, pathname: '/', reload: () => {} },
    history: { replaceState: () => {} },
    // What `beginning` puts into the page is imported here.
    document: { head: { append: () => {} }, querySelector: () => ({}) },
  });
  const [build] = readdirSync(assets!).filter((name) => !name.includes('.'));
  const moduleOf = (name: string) => import(pathToFileURL(path.resolve(assets!, build!, 'src/web/page', name)).href);
  const { start } = (await moduleOf('model/connection.js')) as { start: () => Promise<void> };
  const { listing } = (await moduleOf('model/page-state.js')) as {
    listing: { subscribe: (hear: (value: { readonly whole: boolean }) => void) => void };
  };
  listing.subscribe(({ whole }) => {
    if (whole) parentPort!.postMessage('open');
  });
  await start();
}

/** @returns a fetch with the origin and the cookie, which a browser adds. */
function fetcherFor(origin: string): (at: string, options?: RequestInit) => Promise<Response> {
  const plainFetch = globalThis.fetch;
  let cookie = '';
  return async (at, options = {}) => {
    const headers = new Headers(options.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    const answer = await plainFetch(new URL(at, origin), { ...options, headers });
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return answer;
  };
}

/** A stream of events as far as the page uses it. */
class Stream extends EventTarget {
  readonly #over = new AbortController();

  constructor(at: string) {
    super();
    void this.#read(at)
      .catch(() => {})
      .then(() => this.dispatchEvent(new Event('error')));
  }

  close(): void {
    this.#over.abort();
  }

  async #read(at: string): Promise<void> {
    const { body } = await fetch(at, { signal: this.#over.signal });
    this.dispatchEvent(new Event('open'));
    let rest = '';
    for await (const part of body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + part).split('\n\n');
      rest = events.pop()!;
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) this.dispatchEvent(new MessageEvent('message', { data }));
      }
    }
  }
}

if (isMainThread) await openAll();
else await openOne();

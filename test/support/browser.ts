// A real Chromium for the page: the one that is installed, without any traffic of its own. Whatever is opened is closed with
// the browser, and whatever a page logs as an error is kept for the test.
import fs from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Role } from '../../src/core/person.js';
import type { PageServer } from './page-server.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is installed; null where it is not. */
export const chromiumPath: string | null =
  [process.env.LOCKSTEP_TEST_CHROMIUM, ...PLACES].find((file) => file !== undefined && fs.existsSync(file)) ?? null;

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--in-process-gpu',
  '--disable-background-networking',
  '--disable-component-update',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, headless: true, args: [...QUIET, '--disable-sync'] });
}

/** A person with a browser of his own. */
export interface Visitor {
  readonly page: Page;
  /** What went wrong in the page so far. */
  readonly faults: readonly string[];
}

/** Opens the page for `name`, whose key has that role where there are keys, once it is prepared, and waits until the state of the pair is shown. */
export async function visit(
  browser: Browser,
  server: PageServer,
  name: string,
  {
    prepare,
    role,
    ...options
  }: BrowserContextOptions & { readonly prepare?: (page: Page) => Promise<void>; readonly role?: Role } = {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(40_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await prepare?.(page);
  await page.goto(server.page.addressFor({ name, person: role === undefined ? null : { name, role } }));
  await page.locator('[data-state]:not(.plain)').waitFor();
  return { page, faults };
}

/** @returns what axe finds, one line a finding. */
export async function axeFindings(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  // By the debugger, so that the page keeps the policy that it is tested with.
  await session.send('Runtime.evaluate', { expression: axe.source });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      JSON.stringify(violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.html.slice(0, 160) + ' ' + (node.any[0]?.message ?? '')))))`,
    awaitPromise: true,
  });
  await session.detach();
  return JSON.parse(result.value as string) as string[];
}

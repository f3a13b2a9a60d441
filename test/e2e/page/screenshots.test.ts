// Makes the pictures of docs/page.md, where LOCKSTEP_TEST_SCREENSHOTS is set: a pair in which something of everything
// happens, in windows of three widths, light and dark. With LOCKSTEP_TEST_SCREENSHOTS=all, every view in each of them.
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { VIEWS } from '../../../src/web/page/words/route.js';
import { chromiumPath, launch, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { project, putWhole } from '../../support/programs.js';

const wanted = process.env.LOCKSTEP_TEST_SCREENSHOTS;
const OUT = path.join(project, 'docs/images');
const MARK = '(conflict B 2026-11-21 14-03-22)';
const WINDOWS = [
  [1280, 800],
  [768, 1024],
  [320, 640],
] as const;
/** Those that the document shows: a view, a width, a theme. */
const SHOWN = new Set([
  'files-1280-light',
  'conflicts-1280-light',
  'locks-768-dark',
  'history-768-light',
  'files-320-light',
  'held-320-dark',
]);

const FILES = [
  ...['art/cover.psd', 'art/logo.svg', 'art/poster 2026.ai', 'docs/contract.docx', 'docs/minutes/2026-11-12.md'],
  ...[
    'docs/minutes/2026-11-19.md',
    'docs/offer.xlsx',
    'plans/ground floor.dwg',
    'plans/roof.dwg',
    'plans/site.dwg',
    'readme.md',
  ],
];
const LETTER = [
  'Dear Ms Weber,',
  '',
  'the roof will be done in May.',
  'The price is 48,200 EUR.',
  '',
  'Kind regards',
  'Anna',
];

async function scene(server: PageServer): Promise<void> {
  for (const [n, name] of FILES.entries()) putWhole(server.a, name, `${name}\n`.repeat(40 + n * 977));
  putWhole(server.a, 'docs/letter.txt', LETTER.join('\n'));
  putWhole(
    server.a,
    `docs/letter ${MARK}.txt`,
    [...LETTER.slice(0, 3), 'The price is 46,900 EUR, without the gutter.', '', 'Best regards', 'Anna'].join('\n'),
  );
  for (const name of ['old/sketch 1.pdf', 'old/sketch 2.pdf', 'old/photos/east.jpg'])
    putWhole(server.a, name, name.repeat(900));
  await server.open();
  const act = (who: string, method: string, params: object) => server.rpcAs(who, method, params);
  await act('ben', 'delete', { targets: [{ path: 'old' }], recursive: true });
  await act('ben', 'lock', { targets: [{ path: 'plans/roof.dwg' }], message: 'gutter on the east side, until Friday' });
  await act('anna', 'lock', { targets: [{ path: 'art/cover.psd' }] });
  await act('carla', 'lock', { targets: [{ path: 'docs/offer.xlsx' }], side: 'b', ttlMs: 7_200_000 });
  await act('anna', 'ask', { targets: [{ path: 'plans/roof.dwg' }], message: 'I need it for the client at four' });
  // The end of the server ends the wait.
  act('dora', 'lock', { targets: [{ path: 'plans/roof.dwg' }], wait: true }).catch(() => {});
  for (const n of [1, 2]) {
    putWhole(server.b, 'art/cover.psd', 'of side b '.repeat(2_000 * n));
    await expect.poll(() => server.events.filter(({ event }) => event === 'held').length).toBe(n);
  }
  await act('anna', 'flush', {});
}

async function take(
  page: Page,
  view: string,
  [width, height]: (typeof WINDOWS)[number],
  theme: 'light' | 'dark',
): Promise<void> {
  const name = `${view}-${width}-${theme}`;
  if (wanted !== 'all' && !SHOWN.has(name)) return;
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.evaluate((to) => location.assign(`#/${to}`), view);
  await page.locator('main h1').waitFor();
  await expect.poll(() => page.locator('main').textContent()).not.toMatch(/Reading (?:both )?…/);
  await page.screenshot({ path: path.join(OUT, `${name}.png`) });
}

test.skipIf(wanted === undefined || chromiumPath === null)(
  'the pictures of the page',
  { timeout: 300_000 },
  async () => {
    fs.mkdirSync(OUT, { recursive: true });
    const server = new PageServer();
    const browser = await launch();
    try {
      await scene(server);
      const { page } = await visit(browser, server, 'anna');
      await page.getByRole('row').filter({ hasText: 'dora waits' }).waitFor();
      for (const theme of ['light', 'dark'] as const)
        for (const size of WINDOWS) for (const view of VIEWS) await take(page, view, size, theme);
      await page.evaluate(() => location.assign('#/files'));
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'plans/roof.dwg', exact: true }).click();
      await page.getByRole('dialog').getByText('Nothing earlier is kept.').waitFor();
      await page.screenshot({ path: path.join(OUT, 'sheet-1280-dark.png') });
    } finally {
      await browser.close();
      await server.close();
    }
  },
);

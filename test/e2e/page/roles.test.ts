// The page of people with keys in a real Chromium: what somebody may not do is not offered, or refused in words.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIEWS } from '../../../src/web/page/words/route.js';
import { openKeys } from '../../../src/wire/socket/keys.js';
import { axeFindings, chromiumPath, launch, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { putWhole } from '../../support/programs.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const why = chromiumPath === null ? ' (skipped: no Chromium is installed)' : '';

describe.skipIf(chromiumPath === null)(`roles in the page${why}`, () => {
  const server = new PageServer();
  const keys = makeRoot('keys');
  let browser: Browser;

  beforeAll(async () => {
    fs.chmodSync(keys, 0o700);
    for (const [name, role] of Object.entries({ peer: 'admin', rita: 'read', udo: 'user', ada: 'admin' }))
      fs.writeFileSync(path.join(keys, `${name}.key`), `${name}:${role}:${randomBytes(32).toString('hex')}\n`, {
        mode: 0o600,
      });
    for (const name of ['docs/plan.txt', 'docs/plan (conflict B 2026-11-21 14-03-22).txt', 'roof.dwg'])
      putWhole(server.a, name, name);
    await server.open({ keys: openKeys(keys, () => {}) }, 'alone');
    await server.said('scan-finished');
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server.close();
    removeRoot(keys);
  });

  const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });
  const goTo = async (page: Page, view: string): Promise<void> => {
    await page.evaluate((to) => location.assign(`#/${to}`), view);
    await page.locator('main h1').waitFor();
  };

  test('who may read looks and downloads, and is offered nothing else', async () => {
    const { page, faults } = await visit(browser, server, 'rita', { role: 'read' });
    await row(page, 'roof.dwg').waitFor();
    for (const view of VIEWS) {
      await goTo(page, view);
      const labels = await page.locator('main button:visible').allTextContents();
      expect(
        labels.filter((label) => /lock|ask|upload|pause|go on|keep|put|rename|delete|take over/i.test(label)),
      ).toEqual([]);
    }
    expect(await page.getByText('may look and download').count()).toBe(1);
    await goTo(page, 'files');
    await page.getByRole('button', { name: 'roof.dwg', exact: true }).click();
    const sheet = page.getByRole('dialog');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      sheet.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(fs.readFileSync(await download.path(), 'utf8')).toBe('roof.dwg');
    expect(await sheet.getByRole('button', { name: /Lock|Replace|Rename|Delete/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    // The keys of the list do no more than its buttons.
    await page.getByRole('button', { name: 'roof.dwg', exact: true }).focus();
    for (const key of ['F2', 'Delete', 'l']) await page.keyboard.press(key);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], 'new.txt'));
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.locator('.toast').filter({ hasText: 'You may look and download here, but not upload.' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('who may write locks, but does not pause or take over', async () => {
    const ada = await visit(browser, server, 'ada', { role: 'admin' });
    await row(ada.page, 'roof.dwg').getByRole('button', { name: 'Lock' }).click();
    await row(ada.page, 'roof.dwg').getByText('locked by you').waitFor();
    const { page } = await visit(browser, server, 'udo', { role: 'user' });
    await row(page, 'roof.dwg').getByText('locked by ada').waitFor();
    await row(page, 'roof.dwg').getByRole('button', { name: 'Ask…' }).waitFor();
    await goTo(page, 'locks');
    await page.getByRole('button', { name: 'Wait in line' }).waitFor();
    expect(await page.getByRole('button', { name: /Take over|Force|Break/ }).count()).toBe(0);
    await goTo(page, 'status');
    expect(await page.getByRole('button', { name: /Pause|Look through/ }).count()).toBe(0);
    await goTo(ada.page, 'status');
    await ada.page.getByRole('button', { name: 'Pause' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

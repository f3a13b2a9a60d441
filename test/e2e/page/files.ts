// The page in a real Chromium: uploads and downloads, hostile names, a server that is gone and back, missing events, and
// somebody without a login.

import fs from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings, type Visitor, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { putWhole, textOf } from '../../support/programs.js';

const HOSTILE = [
  '<img src=x onerror=alert(1)>.txt',
  'esc\u001b[31mred\u0007.txt',
  'exe\u202efdp.txt',
  '\u{1f3e0}\u200d\u{1f469} שלום عالم.txt',
  '100% #1?&amp;.txt',
  'quote\'"`.txt',
];

export const filesInPage = (browser: () => Browser) =>
  describe('files in the page', () => {
    const server = new PageServer();
    let anna: Visitor;

    beforeAll(async () => {
      putWhole(server.a, 'plan.txt', 'a plan');
      for (const name of HOSTILE) putWhole(server.a, name, name);
      await server.open();
      anna = await visit(browser(), server, 'anna');
      await row(anna.page, 'plan.txt').waitFor();
    });
    afterAll(async () => {
      for (const context of browser().contexts()) await context.close();
      await server.close();
    });

    const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });
    const settled = () => server.rpcAs('anna', 'flush');

    test('names are shown harmlessly', async () => {
      const { page } = anna;
      const names = await page.locator('.files-window .path-name').allTextContents();
      expect(names.toSorted()).toEqual(
        [
          ...HOSTILE.filter((name) => !/[\u001b\u202e]/.test(name)),
          ...['esc\\u001b[31mred\\u0007.txt', 'exe\\u202efdp.txt', 'plan.txt'],
        ].toSorted(),
      );
      expect(await page.locator('main img').count()).toBe(0);
    });

    test.each(HOSTILE)('%j is opened and downloaded', async (name) => {
      const { page } = anna;
      await page.locator('.row-open').nth(HOSTILE.toSorted().indexOf(name)).waitFor();
      const index = (await listed()).indexOf(name);
      await page.locator(`[data-row="${index}"]`).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download' }).click(),
      ]);
      expect(fs.readFileSync(await download.path(), 'utf8')).toBe(name);
      await page.keyboard.press('Escape');
    });

    const listed = async (): Promise<string[]> => {
      const { result } = await server.rpcAs('anna', 'list');
      return result.entries.map(({ path }: { path: string }) => path);
    };

    const drop = async (page: Page, name: string, content: string): Promise<void> => {
      await page.evaluate(
        ([file, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text!], file!));
          for (const type of ['dragover', 'drop'])
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        },
        [name, content],
      );
    };

    test('a file is dropped, undone, and dropped over another', async () => {
      const { page } = anna;
      await drop(page, 'dropped.txt', 'first');
      await page.getByRole('button', { name: 'Upload 1 file', exact: true }).click();
      await row(page, 'dropped.txt').waitFor();
      await settled();
      expect(textOf(server.b, 'dropped.txt')).toBe('first');
      await drop(page, 'plan.txt', 'another');
      await page.getByLabel('Replace plan.txt').check();
      await page.getByRole('button', { name: 'Upload 1 file', exact: true }).click();
      const replaced = page.locator('.toast').filter({ hasText: 'plan.txt is replaced' });
      await replaced.waitFor();
      await settled();
      expect(textOf(server.b, 'plan.txt')).toBe('another');
      await replaced.getByRole('button', { name: 'Undo' }).click();
      await page.locator('.toast').filter({ hasText: 'Undone.' }).waitFor();
      await settled();
      expect(textOf(server.b, 'plan.txt')).toBe('a plan');
    });

    test('files are chosen with the button, into a folder', async () => {
      const { page } = anna;
      const files = ['one.txt', 'two.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) }));
      await page.getByLabel('Files to upload').setInputFiles(files);
      await page.getByLabel('Into the folder').fill('site');
      await page.getByRole('button', { name: 'Upload 2 files', exact: true }).click();
      await row(page, 'two.txt').waitFor();
      await settled();
      expect(textOf(server.b, 'site/one.txt')).toBe('one.txt');
    });

    test('what is not allowed is said with what can be done', async () => {
      const { page } = anna;
      await server.rpcAs('ben', 'lock', { targets: [{ path: 'plan.txt' }] });
      await row(page, 'plan.txt').getByText('locked by ben').waitFor();
      await drop(page, 'plan.txt', 'mine');
      await page.getByLabel('Replace plan.txt').check();
      await page.getByRole('button', { name: 'Upload 1 file', exact: true }).click();
      const refusal = page.locator('.toast').filter({ hasText: 'is locked by ben' });
      await refusal.getByRole('button', { name: 'Ask to unlock' }).waitFor();
      await refusal.getByRole('button', { name: 'Close this message' }).click();
    });

    test('a server that is gone is said calmly, and all is well when it is back', async () => {
      const { page } = anna;
      const { port } = server.page;
      await server.page.stop();
      await page.getByText('The server does not answer').first().waitFor();
      expect(await axeFindings(page)).toEqual([]);
      putWhole(server.a, 'meanwhile.txt', 'x');
      await server.servePage(port);
      await row(page, 'meanwhile.txt').waitFor();
      await expect.poll(() => page.locator('[data-state]').textContent()).toMatch(/In sync/);
    });

    test('where the login has ended the page says how to get in, and goes on when a new address is opened', async () => {
      const { page } = anna;
      const { port } = server.page;
      await server.page.stop();
      await server.servePage(port, 'another secret');
      await page.getByRole('heading', { name: 'This page needs an address of your own' }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
      const second = await page.context().newPage();
      await second.goto(server.page.addressFor({ name: 'anna', person: null }));
      await row(page, 'meanwhile.txt').waitFor();
      await second.goto(server.page.addressFor({ name: 'carla', person: null }));
      await page.locator('.who').getByText('carla').waitFor();
      await second.close();
    });

    test('where events are missing, everything is read anew', async () => {
      const gap = { id: 1, run: 'another', event: 'gap', missed: null, time: new Date().toISOString() };
      const body = `id: 1\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`;
      let lists = 0;
      const prepare = async (fresh: Page): Promise<void> => {
        await fresh.route(/\/events(\?|$)/, (route) => route.fulfill({ contentType: 'text/event-stream', body }), {
          times: 1,
        });
        fresh.on('request', (request) => void (request.postData()?.includes('"list"') === true && lists++));
      };
      const { page } = await visit(browser(), server, 'anna', { prepare });
      await row(page, 'meanwhile.txt').waitFor();
      await expect.poll(() => lists).toBeGreaterThan(1);
      await page.getByRole('link', { name: 'Activity' }).click();
      await page.getByText('Something is missing here').first().waitFor();
      await expect.poll(() => page.locator('[data-state]').textContent()).toMatch(/In sync/);
    });
  });

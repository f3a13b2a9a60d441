// The page in a real Chromium: who has what, waiting, asking, taking over, held updates; two people with a browser each,
// and one who has only a keyboard.
import fs from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Visitor, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { putWhole, textOf } from '../../support/programs.js';

export const locksInPage = (browser: () => Browser) =>
  describe('locks in the page', () => {
    const server = new PageServer();
    let anna: Visitor;
    let ben: Visitor;

    beforeAll(async () => {
      for (const name of ['art/cover.psd', 'docs/plan.txt', 'docs/roof.dwg', 'notes.txt'])
        putWhole(server.a, name, name);
      await server.open();
      [anna, ben] = await Promise.all([visit(browser(), server, 'anna'), visit(browser(), server, 'ben')]);
    });
    afterAll(async () => {
      for (const context of browser().contexts()) await context.close();
      await server.close();
    });

    const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });
    const say = (page: Page, text: string | RegExp) => page.locator('.toast').filter({ hasText: text });

    test('the list is filtered as one types', async () => {
      const { page } = anna;
      await row(page, 'notes.txt').waitFor();
      await page.getByLabel('Find files by name').fill('docs PLAN');
      await expect.poll(() => page.locator('.files-window [role=row]').count()).toBe(1);
      await page.getByLabel('Find files by name').fill('');
    });

    test('a lock is seen by the other at once, and undone', async () => {
      await row(anna.page, 'plan.txt').getByRole('button', { name: 'Lock' }).click();
      await row(ben.page, 'plan.txt').getByText('locked by anna').waitFor();
      await row(anna.page, 'plan.txt').getByText('locked by you').waitFor();
      await say(anna.page, 'You have docs/plan.txt now').getByRole('button', { name: 'Undo' }).click();
      await row(ben.page, 'plan.txt').getByRole('button', { name: 'Lock' }).waitFor();
    });

    test('one waits and is asked, the other unlocks, and it is his turn', async () => {
      await row(anna.page, 'plan.txt').getByRole('button', { name: 'Lock' }).click();
      await row(ben.page, 'plan.txt').getByRole('button', { name: 'Ask…' }).click();
      await ben.page.getByLabel('Why').fill('the client calls');
      await ben.page.getByRole('button', { name: 'Ask', exact: true }).click();
      await say(anna.page, 'ben asks you to unlock docs/plan.txt: “the client calls”').waitFor();
      await ben.page.getByRole('link', { name: 'Locks' }).click();
      await ben.page.getByRole('button', { name: 'Wait in line' }).click();
      await row(anna.page, 'plan.txt').getByText('ben waits').waitFor();
      await say(anna.page, 'ben asks you').getByRole('button', { name: 'Unlock' }).click();
      await say(ben.page, 'It is your turn').waitFor();
      await row(anna.page, 'plan.txt').getByText('locked by ben').waitFor();
    });

    test('a place in line is given up, and a lock is taken over', async () => {
      const { page } = anna;
      await page.getByRole('link', { name: 'Locks' }).click();
      await page.getByRole('button', { name: 'Wait in line' }).click();
      await page.getByRole('button', { name: 'Leave the line' }).click();
      await page.getByRole('button', { name: 'Wait in line' }).waitFor();
      await page.getByRole('button', { name: 'Take over…' }).click();
      await page.getByRole('button', { name: 'Take over', exact: true }).click();
      await say(ben.page, 'Your lock on docs/plan.txt was taken over by anna').waitFor();
      await page
        .getByRole('button', { name: /^Unlock/ })
        .first()
        .click();
      await page.getByText('Nobody has anything locked.').waitFor();
    });

    test('updates are held while it is locked, shown in order, and drain', async () => {
      const { page } = anna;
      await page.getByRole('link', { name: 'Files' }).click();
      await row(page, 'notes.txt').getByRole('button', { name: 'Lock' }).click();
      await row(page, 'notes.txt').getByText('locked by you').waitFor();
      putWhole(server.b, 'notes.txt', 'of side b');
      await row(page, 'notes.txt').getByText('1 held').waitFor();
      await page.getByRole('link', { name: 'Held' }).click();
      await page.getByText('Changed, 9 B').waitFor();
      await page
        .getByRole('button', { name: /^Unlock/ })
        .first()
        .click();
      await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
      await page.getByText('Nothing is held.').waitFor();
      await server.rpcAs('anna', 'flush');
      expect(textOf(server.a, 'notes.txt')).toBe('of side b');
    });

    test('a change is shown in less than 200 ms after the server says it', async () => {
      const { page } = ben;
      await page.getByRole('link', { name: 'Files' }).click();
      const times: number[] = [];
      for (const name of ['new-1.txt', 'new-2.txt', 'new-3.txt']) {
        const shown = page.evaluate(
          (wanted) =>
            new Promise<number>((resolve) => {
              const look = () => document.body.textContent?.includes(wanted) && resolve(Date.now());
              new MutationObserver(look).observe(document.body, {
                childList: true,
                subtree: true,
                characterData: true,
              });
            }),
          name,
        );
        const before = server.events.length;
        putWhole(server.a, name, name);
        await expect
          .poll(() => server.events.slice(before).some((event) => 'path' in event && event.path === name), {
            interval: 2,
          })
          .toBe(true);
        const said = Date.now();
        times.push((await shown) - said);
      }
      expect(Math.min(...times)).toBeLessThan(200);
    });

    test('by keyboard alone: find, lock, look, rename, undo', async () => {
      const { page } = ben;
      const press = (...keys: string[]) =>
        keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
      await press('/');
      await page.waitForFunction(() => document.activeElement?.id === 'search');
      await page.keyboard.type('roof');
      await expect.poll(() => page.locator('.files-window [role=row]').count()).toBe(1);
      await press('Tab', 'Tab');
      await page.waitForFunction(() => document.activeElement?.getAttribute('data-row') === '0');
      await press('l');
      await row(page, 'roof.dwg').getByText('locked by you').waitFor();
      await press('Enter');
      await page.getByRole('dialog').getByText('You have it').waitFor();
      await press('Escape');
      await page.waitForFunction(() => document.activeElement?.getAttribute('data-row') === '0');
      await press('F2');
      await page.getByLabel('New name').waitFor();
      await press('End');
      await page.keyboard.type('.old');
      await press('Enter');
      await row(page, 'roof.dwg.old').getByText('locked by you').waitFor();
      await press('z');
      await expect.poll(() => fs.existsSync(path.join(server.a, 'docs/roof.dwg'))).toBe(true);
      await press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await press('Escape');
    });

    test('nothing has gone wrong in the pages', () => {
      expect([...anna.faults, ...ben.faults]).toEqual([]);
    });
  });

// The page in a real Chromium: conflicts side by side, resolved each way and undone; what was deleted, put back; every view
// without findings of axe.
import fs from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIEWS } from '../../../src/web/page/words/route.js';
import { axeFindings, type Visitor, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { putWhole, textOf } from '../../support/programs.js';

const MARK = '(conflict B 2026-11-21 14-03-22)';
const COPY = `docs/plan ${MARK}.txt`;
const OF_A = 'one\ntwo\nthree\n';
const OF_B = 'one\n2\nthree\nfour\n';
const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="#28c"/></svg>';

export const conflictsInPage = (browser: () => Browser) =>
  describe('conflicts and history in the page', () => {
    const server = new PageServer();
    let anna: Visitor;

    beforeAll(async () => {
      putWhole(server.a, 'docs/plan.txt', OF_A);
      putWhole(server.a, COPY, OF_B);
      putWhole(server.a, 'art/logo.svg', PICTURE);
      putWhole(server.a, `art/logo ${MARK}.svg`, PICTURE.replace('#28c', '#c82'));
      for (const name of ['old/x.txt', 'old/sub/y.txt', 'keep.txt']) putWhole(server.a, name, name);
      await server.open();
      anna = await visit(browser(), server, 'anna');
    });
    afterAll(async () => {
      for (const context of browser().contexts()) await context.close();
      await server.close();
    });

    const settled = () => server.rpcAs('anna', 'flush');
    const undo = async (): Promise<void> => {
      const { page } = anna;
      await page.locator('.toast').getByRole('button', { name: 'Undo' }).last().click();
      await page.locator('.toast').filter({ hasText: 'Undone.' }).waitFor();
      await page.getByRole('button', { name: 'Close this message' }).last().click();
      await settled();
    };
    const compare = async (): Promise<void> => {
      const { page } = anna;
      await page.getByRole('link', { name: 'Conflicts' }).click();
      await page.getByRole('link', { name: 'docs/plan.txt' }).click();
      await page.getByRole('heading', { name: 'Side b' }).waitFor();
    };

    test('both contents stand side by side, with what differs', async () => {
      await compare();
      const table = anna.page.locator('.difference');
      await table.getByText('four').waitFor();
      expect(await table.locator('tr.differs').count()).toBe(2);
      expect(await table.locator('mark').allTextContents()).toEqual(['two', '2', 'four']);
    });

    test.each([
      ['Keep side a', OF_A, false],
      ['Keep side b', OF_B, false],
      ['Keep both', OF_A, true],
    ])('%s, and undo it', async (way, content, both) => {
      await compare();
      await anna.page.getByRole('button', { name: way }).click();
      await anna.page.locator('.toast').getByRole('button', { name: 'Undo' }).last().waitFor();
      await settled();
      expect([textOf(server.a, 'docs/plan.txt'), textOf(server.b, 'docs/plan.txt')]).toEqual([content, content]);
      expect(textOf(server.b, COPY)).toBeNull();
      expect(textOf(server.b, 'docs/plan (B 2026-11-21 14-03-22).txt')).toBe(both ? OF_B : null);
      await undo();
      expect([textOf(server.b, 'docs/plan.txt'), textOf(server.b, COPY)]).toEqual([OF_A, OF_B]);
    });

    test('pictures stand side by side', async () => {
      const { page } = anna;
      await page.getByRole('link', { name: 'art/logo.svg' }).click();
      await page.waitForFunction(() => {
        const pictures = [...document.querySelectorAll<HTMLImageElement>('.pictures img')];
        return pictures.length === 2 && pictures.every(({ complete, naturalWidth }) => complete && naturalWidth > 0);
      });
    });

    test('a deleted directory comes back by undo, and from the history', async () => {
      const { page } = anna;
      const remove = async (): Promise<void> => {
        await page.getByRole('link', { name: 'Files' }).click();
        await page.getByRole('button', { name: 'old/x.txt', exact: true }).click();
        await page.getByRole('button', { name: 'old/', exact: true }).click();
        await page.getByRole('button', { name: 'Delete folder…' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await page.locator('.toast').filter({ hasText: 'old/ is deleted, 2 files' }).waitFor();
        await settled();
        expect(fs.existsSync(path.join(server.b, 'old'))).toBe(false);
      };
      await remove();
      await undo();
      expect(textOf(server.b, 'old/sub/y.txt')).toBe('old/sub/y.txt');
      await page
        .getByRole('button', { name: 'Show all files' })
        .or(page.getByRole('button', { name: 'All files' }))
        .click();
      await remove();
      await page.getByRole('link', { name: 'History' }).click();
      await page.getByRole('button', { name: 'Put all back: old/' }).click();
      await page.locator('.toast').filter({ hasText: 'old/ is back: 2 files' }).waitFor();
      await settled();
      expect([textOf(server.a, 'old/x.txt'), textOf(server.b, 'old/sub/y.txt')]).toEqual([
        'old/x.txt',
        'old/sub/y.txt',
      ]);
    });

    test.each(VIEWS)('axe finds nothing in %s, wide and narrow, light and dark', async (view) => {
      const { page } = anna;
      await page.evaluate((to) => location.assign(`#/${to}`), view);
      await page.locator('main h1').waitFor();
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      expect(await axeFindings(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 640 });
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      expect(await axeFindings(page)).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });

    test('axe finds nothing in the sheet of a file', async () => {
      const { page } = anna;
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.evaluate(() => location.assign('#/files'));
      await page.getByRole('button', { name: 'All files' }).click();
      await page.getByRole('button', { name: 'keep.txt', exact: true }).click();
      await page.getByRole('dialog').getByText('Nothing earlier is kept.').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      expect(anna.faults).toEqual([]);
    });
  });

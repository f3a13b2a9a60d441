// The page of a real pair in a real Chromium: conflicts that it makes, a halt that somebody confirms, a folder of the disk that
// is dropped; and how the page looks with what people set in their browser.
import fs from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIEWS } from '../../../src/web/page/words/route.js';
import { axeFindings, chromiumPath, launch, type Visitor, visit } from '../../support/browser.js';
import { PageServer } from '../../support/page-server.js';
import { putWhole, textOf } from '../../support/programs.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

const why = chromiumPath === null ? ' (skipped: no Chromium is installed)' : '';
const NAME = 'docs/offer.txt';

describe.skipIf(chromiumPath === null)(`a real pair in the page${why}`, () => {
  const server = new PageServer();
  const beside = makeRoot('dropped');
  let browser: Browser;
  let anna: Visitor;

  beforeAll(async () => {
    for (const name of [NAME, 'b.txt', 'c.txt', 'd.txt', 'e.txt', 'f.txt']) putWhole(server.a, name, name);
    await server.open();
    browser = await launch();
    anna = await visit(browser, server, 'anna');
  });
  afterAll(async () => {
    await browser?.close();
    await server.close();
    removeRoot(beside);
  });

  const settled = () => server.rpcAs('anna', 'flush');
  const conflicts = async (): Promise<{ copy: string }[]> => (await server.rpcAs('anna', 'conflicts')).result.conflicts;
  const both = (name: string) => [textOf(server.a, name), textOf(server.b, name)];

  test.each([
    ['Keep side a', 'of a, Keep side a\n'],
    ['Keep side b', 'of b, Keep side b\n'],
    ['Keep both', null],
  ])('both sides change a file, and somebody says: %s; and takes that back', async (way, content) => {
    const { page } = anna;
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => page.locator('[data-state]').textContent()).toMatch(/Paused by anna/);
    putWhole(server.a, NAME, `of a, ${way}\n`);
    putWhole(server.b, NAME, `of b, ${way}\n`);
    await server.rpcAs('anna', 'rescan');
    await expect
      .poll(async () => (await server.rpcAs('anna', 'plan')).result?.plan.map(({ why: of }: { why: string }) => of))
      .toContain('conflict');
    await page.getByRole('button', { name: 'Go on' }).click();
    await expect.poll(async () => (await conflicts()).length).toBe(1);
    await settled();
    const [{ copy }] = (await conflicts()) as [{ copy: string }];
    const before = [both(NAME), both(copy)];
    await page.getByRole('link', { name: 'Conflicts' }).click();
    await page.locator('.difference mark').first().waitFor();
    await page.getByRole('button', { name: way }).click();
    const toast = page
      .locator('.toast')
      .filter({ has: page.getByRole('button', { name: 'Undo' }) })
      .last();
    await toast.waitFor();
    await expect.poll(async () => (await conflicts()).length).toBe(0);
    await settled();
    expect(both(copy)).toEqual([null, null]);
    expect(both(NAME)).toEqual(content === null ? before[0] : [content, content]);
    await toast.getByRole('button', { name: 'Undo' }).click();
    // The word "Undone." may still be there from the way before.
    await expect.poll(() => [both(NAME), both(copy)], { timeout: 10_000 }).toEqual(before);
    await settled();
    // For the next way.
    await server.rpcAs('anna', 'resolve', { target: { path: NAME }, keep: 'a' });
    await settled();
  });

  test('a folder of the disk is dropped with all that is in it', async () => {
    const { page } = anna;
    const folder = path.join(beside, 'photos');
    fs.mkdirSync(path.join(folder, 'east', 'roof'), { recursive: true });
    for (const name of ['1.txt', 'east/2.txt', 'east/roof/3.txt']) fs.writeFileSync(path.join(folder, name), name);
    await page.getByRole('link', { name: 'Files' }).click();
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: 600, y: 500, data });
    await session.detach();
    await page.getByRole('button', { name: 'Upload 3 files', exact: true }).click();
    await page.locator('.toast').filter({ hasText: '3 files are uploaded.' }).waitFor();
    await settled();
    expect(both('photos/east/roof/3.txt')).toEqual(['east/roof/3.txt', 'east/roof/3.txt']);
  });

  test.each(VIEWS)(
    '%s is whole at twice the size, with forced colours, more contrast, and without motion',
    async (view) => {
      const { page } = anna;
      await page.evaluate((to) => location.assign(`#/${to}`), view);
      await page.locator('main h1').waitFor();
      // 1280 pixels at 200 %.
      await page.setViewportSize({ width: 640, height: 400 });
      await page.emulateMedia({
        colorScheme: 'dark',
        reducedMotion: 'reduce',
        forcedColors: 'active',
        contrast: 'more',
      });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      const moving = await page.evaluate(
        () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
      );
      expect(moving).toBe(0);
      // Whatever has a colour says the same in words or by an icon with words beside it.
      const silent = await page
        .locator('.tag, .state, .count')
        .evaluateAll((all) => all.filter((one) => one.textContent?.trim() === '').length);
      expect(silent).toBe(0);
      await page.emulateMedia({
        colorScheme: 'dark',
        reducedMotion: 'reduce',
        forcedColors: 'none',
        contrast: 'no-preference',
      });
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(await axeFindings(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 640 });
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      expect(await axeFindings(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 800 });
    },
  );

  test('a halt is said, and confirmed where it stands', async () => {
    const { page } = anna;
    for (const name of fs.readdirSync(server.b))
      if (name !== '.lockstep') fs.rmSync(path.join(server.b, name), { recursive: true });
    await server.rpcAs('anna', 'rescan');
    await page.getByText('Stopped for safety: somebody has to look').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const ways = page.getByRole('region', { name: 'What can be done' });
    await ways.getByRole('button', { name: 'They were deleted on purpose' }).waitFor();
    await ways.getByRole('button', { name: 'Bring the files back' }).click();
    await expect.poll(() => page.locator('[data-state]').textContent()).toMatch(/In sync/);
    expect(both('b.txt')).toEqual(['b.txt', 'b.txt']);
    // A content that was compared may be gone when it is asked for: a browser logs that by itself.
    expect(anna.faults.filter((fault) => !fault.includes('404 (Not Found)'))).toEqual([]);
  });
});

// The page in a real Chromium, which all of its tests share: its start costs more than most of what they do in it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { chromiumPath, launch } from '../../support/browser.js';
import { conflictsInPage } from './conflicts.js';
import { filesInPage } from './files.js';
import { largePage } from './large.js';
import { locksInPage } from './locks.js';

const why = chromiumPath === null ? ' (skipped: no Chromium is installed)' : '';

describe.skipIf(chromiumPath === null)(`the page${why}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  for (const tests of [locksInPage, conflictsInPage, filesInPage, largePage]) tests(() => browser);
});

import { describe, expect, test } from 'vitest';
import { lockReason, lockText } from '../../../src/cli/render/lock-words.js';
import { UNNAMED } from '../../../src/core/side-name.js';
import type { LockInfo } from '../../../src/wire/client-api/methods.js';

const now = new Date(2026, 10, 21, 14, 3);
const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString();

const manual: LockInfo = { owner: 'ann', side: 'b', since: at(21, 10, 4), expires: null, message: '', token: 1 };
const open: LockInfo = { ...manual, kind: 'auto', app: 'LibreOffice', account: 'ann@pc', away: null };

describe('who has a file, and why', () => {
  test.each<[lock: Partial<LockInfo>, text: string, reason: string]>([
    [{ kind: undefined as never, app: undefined as never }, 'locked by ann', ''],
    [{ kind: undefined as never, app: null, message: 'new prices' }, 'locked by ann', 'new prices'],
    [{ kind: 'manual' as never, message: 'mine' }, 'locked by ann', 'open in LibreOffice: mine'],
    [{}, 'open in LibreOffice by ann (b) since 10:04', 'open in LibreOffice'],
    [{ since: at(20, 10, 4) }, 'open in LibreOffice by ann (b) since 2026-11-20 10:04', 'open in LibreOffice'],
    [{ app: null }, 'in work by ann (b) since 10:04', 'being changed'],
    [{ message: 'soon' }, 'open in LibreOffice by ann (b) since 10:04', 'open in LibreOffice: soon'],
    [
      { away: at(21, 13, 5) },
      'open in LibreOffice by ann (b) since 10:04, side b away since 13:05',
      'open in LibreOffice, side b away since 13:05',
    ],
    [
      { owner: 'a\u001b[31m\nnn', app: 'V\u0007im', message: '\u202e\r' },
      'open in V\\u0007im by a\\u001b[31m\\nnn (b) since 10:04',
      'open in V\\u0007im: \\u202e\\r',
    ],
  ])('%j', (more, text, reason) => {
    const lock = { ...open, ...more };
    expect([lockText(lock, UNNAMED, now), lockReason(lock, UNNAMED, now)]).toEqual([text, reason]);
  });
});

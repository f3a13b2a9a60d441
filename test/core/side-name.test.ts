import { describe, expect, it } from 'vitest';
import { sideNameFault, sideNames, sideNamesIn, UNNAMED } from '../../src/core/side-name.js';

describe('the names of the sides', () => {
  it('are the letters where nobody has given any', () => {
    expect(sideNames({})).toEqual({ a: 'a', b: 'b' });
    expect(sideNames({ b: 'office' })).toEqual({ a: 'a', b: 'office' });
  });

  it('are the letters where both sides have the same name', () => {
    expect(sideNames({ a: 'office', b: 'office' })).toBe(UNNAMED);
  });

  it('count characters, not units', () => {
    expect([sideNameFault('🏠'.repeat(32), 'a'), sideNameFault('🏠'.repeat(33), 'a')]).toEqual([
      null,
      'is longer than 32 characters',
    ]);
    expect(sideNameFault('\ud83c', 'a')).toBe('has control characters');
  });

  it.each<[unknown, object]>([
    [undefined, UNNAMED],
    [null, UNNAMED],
    ['home', UNNAMED],
    [{ a: 7, b: {} }, UNNAMED],
    [{ a: '\u001b[2Jhome', b: 'x'.repeat(33) }, UNNAMED],
    [{ a: 'b', b: 'a' }, UNNAMED],
    [
      { a: 'home', b: '\n' },
      { a: 'home', b: 'b' },
    ],
  ])('that a server sends are taken only if they can be names: %j', (sent, taken) => {
    expect(sideNamesIn(sent)).toEqual(taken);
  });
});

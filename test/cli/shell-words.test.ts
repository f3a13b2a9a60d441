import { describe, expect, it } from 'vitest';
import { escapeWord, splitLine, splitWords } from '../../src/cli/shell-words.js';

describe('escapeWord', () => {
  it.each(['plain', 'my file', `it's "x"`, 'back\\slash', '漢 字'])('%s is one word again', (word) => {
    expect(splitWords(`lock ${escapeWord(word)}`)).toEqual(['lock', word]);
  });
});

describe('splitWords', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['  \t ', []],
    ['server lock 1', ['server', 'lock', '1']],
    ['lock "my file.txt"', ['lock', 'my file.txt']],
    ['lock \'it is "x"\'', ['lock', 'it is "x"']],
    ['lock my\\ file.txt', ['lock', 'my file.txt']],
    ['lock "a \\" b \\n"', ['lock', 'a " b \\n']],
    ["lock 'a\\'", ['lock', 'a\\']],
    ['lock a"b c"d', ['lock', 'ab cd']],
    ["lock '' x", ['lock', '', 'x']],
    ['lock end\\', ['lock', 'end\\']],
    ['lock *.txt', ['lock', '*.txt']],
  ])('%j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it('says that a quote is open', () => {
    expect(() => splitWords('lock "x')).toThrow('opening "');
  });

  it('knows whether the last word goes on', () => {
    expect(splitLine('client lo').between).toBe(false);
    expect(splitLine('client lock ').between).toBe(true);
    expect(splitLine('client lock "a ')).toMatchObject({
      open: '"',
      between: false,
      words: ['client', 'lock', 'a '],
      from: 12,
    });
    expect(splitLine('lock my\\ f').from).toBe(5);
  });
});

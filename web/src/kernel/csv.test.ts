import { describe, expect, it } from 'vitest'
import { toCsv } from './csv'

describe('a table as text', () => {
  it.each([
    ['plain', [['a', 'b'], ['1', '']], 'a,b\r\n1,\r\n'],
    ['quotes, commas and lines', [['say "x", y', 'two\nlines']], '"say ""x"", y","two\nlines"\r\n'],
    ['formulas stay text', [['=1+1', '@x', '-5', '+3', 'a=b']], "'=1+1,'@x,'-5,'+3,a=b\r\n"],
    ['nothing', [], ''],
  ])('%s', (_, rows, want) => {
    expect(toCsv(rows)).toBe('\uFEFF' + want)
  })
})

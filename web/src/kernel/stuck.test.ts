import { expect, it } from 'vitest'
import { parseAnswer } from './stuck'
import { has } from './i18n'

it.each([
  ['{"ok": true, "n": 3}', { data: { ok: true, n: 3 } }], [' {} ', { data: {} }], ['', { wrong: 'incident.noanswer' }], ['   ', { wrong: 'incident.noanswer' }],
  ['{ok: true}', { wrong: 'check.json' }], ['[1]', { wrong: 'incident.noobject' }], ['"text"', { wrong: 'incident.noobject' }], ['null', { wrong: 'incident.noobject' }],
])('the answer %s', (text, want) => {
  const got = parseAnswer(text)
  expect(got).toEqual(want)
  if ('wrong' in got) expect(has(got.wrong)).toBe(true)
})

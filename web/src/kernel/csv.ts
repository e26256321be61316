/** Tables as text for spreadsheets. */

/** A cell that a spreadsheet would take for a formula is kept text; quotes only where they are needed. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? "'" + value : value
  return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe
}

/** RFC 4180 with the mark that tells spreadsheets of China that it is UTF-8. */
export function toCsv(rows: string[][]): string {
  return '\uFEFF' + rows.map((row) => row.map(cell).join(',') + '\r\n').join('')
}

/** Picking rows of a table: the ids chosen after one row, or all rows, were ticked or unticked. */
export function picked(chosen: string[], id: string, on: boolean): string[] {
  return on ? [...chosen.filter((x) => x !== id), id] : chosen.filter((x) => x !== id)
}

export function pickedAll(rows: { id: string }[], on: boolean): string[] {
  return on ? rows.map((x) => x.id) : []
}

/** Whether the box that stands for all rows is ticked. */
export function allPicked(rows: { id: string }[], chosen: string[]): boolean {
  return rows.length > 0 && rows.every((x) => chosen.includes(x.id))
}

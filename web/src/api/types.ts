/** Shapes of the REST API. Record types differ from county to county, so a record is values by name plus its declaration. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Values = Record<string, Json | undefined>

export interface FieldError { pointer: string; code: string; detail: string }

export interface Post { id: string; name: string; org: string; org_name: string; area: string; area_name: string; roles: string[]; for?: string; for_name?: string }
export interface StandIn {
  id: string; person: string; person_name: string; deputy: string; deputy_name: string; post: string; posts: Post[]; first: string; last: string
  reason: string; by_name: string; state: 'future' | 'now' | 'over'; side: 'person' | 'deputy' | 'other'; waiting?: number
}
export interface Person { id: string; name: string }
export interface MenuItem { id: string; label: string; type?: string; filter?: string; page?: string; pack?: string; order: number }
export interface Me {
  person: Person; post: string; posts: Post[]; roles: string[]; clearance: number
  menu: MenuItem[]; unread: number; demo: boolean; note: string; preferences?: Record<string, unknown>
}
export interface Login { token: string; person: Person; posts: Post[]; post: string }
export interface DemoAccount { username: string; name: string; role: string; role_label: string; org_name: string; password: string }
export interface Session { ip?: string; id: string; created: string; seen: string; agent: string; current: boolean }

export interface Choice { id: string; label: string }
export interface Field {
  name: string; label: string; type: string
  required?: boolean; max?: number; min?: number; low?: number | string; high?: number | string; scale?: number; pattern?: string
  of?: string; choices?: Choice[]; leaf?: boolean; as?: string; list?: number; filter?: boolean; search?: boolean
  section?: string; section_label?: string; readonly?: boolean; grade?: number; masked?: boolean; help?: string
  visible?: Json; required_when?: Json; compute?: Json; fields?: Field[]
}
export interface Command { name: string; label: string; reason?: boolean; form?: string[]; input?: Field[] }
export interface TypeSummary { name: string; label: string; pack: string; pack_label: string; actions: string[] }
export interface RecordType {
  name: string; label: string; pack: string; flow: boolean; place: string; sort: string; states: Choice[]; actions: string[]
  fields: Field[]; commands: Command[]; checks?: number; duplicates?: boolean; anchor?: string; related?: Related[]
}
export interface Related { type: string; field: string; label: string }
export interface CodeEntry { code: string; name: string; parent?: string; leaf?: boolean }

export type LightColor = 'green' | 'yellow' | 'red' | 'paused' | 'done' | 'none'
export interface Light { color: LightColor; due?: string; provisional?: boolean }
export interface Row extends Values {
  type: string; id: string; number: string; title: string; rev: number; state: string; area: string; org: string; owner: string
  created_at: string; created_by: string; updated_at: string; updated_by: string
}
export interface Page<T> { items: T[]; next?: string; total?: number }

export interface Change { rev: number; op: string; at: string; by: string; by_name: string; reason: string; fields: Record<string, [Json, Json]> }
export interface Story {
  at: string; kind: string; label: string; by_name?: string; post?: string; reason?: string
  node_label?: string; outcome_label?: string; detail?: string; rev?: number
}
export interface FormField { name: string; required?: boolean }
export interface Outcome { id: string; label: string; reason?: boolean; form?: FormField[] }
export interface Task {
  id: string; state: string; type: string; type_label: string; record: string; number: string; title: string; node: string; label: string
  assignee: string; assignee_name?: string; outcome?: string; done?: string; done_by_name?: string; kind?: string; mine: boolean; claimable: boolean; created: string; due?: string; light: LightColor
  provisional?: boolean; form?: FormField[]; show?: string[]; outcomes?: Outcome[]; commands?: string[]
  left?: string; pauses?: { code: string; label: string; basis: string; notice: boolean; max?: string }[]
}
export interface Actions { commands: Command[]; tasks: Task[] }
export interface FlowPicture { xml: string; active: string[]; done: string[] }
export interface Duplicate { record: Row; score: number; distance?: number }
export interface ReturnTarget { node: string; label: string; handler_name?: string; cancels: string[]; direct?: boolean; refused?: string }
export interface TaskResult { record?: Row; tasks?: Task[] }
export interface FileInfo { id: string; name: string; size: number; type: string }
export interface ImportError { row: number; field: string; detail: string }
export interface ImportResult { rows: number; created: number; updated: number; failed: number; errors: ImportError[]; file?: string }
export interface BulkResult { id: string; ok: boolean; error?: string | { detail?: string; code?: string } }
export interface Bucket { keys: string[]; labels: string[]; value: number; where: Values }

export interface Notice { id: string; at: string; text: string; title?: string; subject?: string; record?: string; type?: string; read: boolean }
export interface PersonRow { id: string; name: string; org_name: string; roles: string[] }
export interface Org { path: string; name: string; parent?: string }
export interface Area { path: string; code: string; name: string; level: number }

export interface Place { lon?: number; lat?: number; address?: string; grid?: string; area?: string }
export interface MapLayer { id: string; label: string; kind: 'base' | 'records'; type?: string; geometry: 'point' | 'line' | 'polygon'; min_zoom?: number; color?: string }
export interface MapInfo { bbox: [number, number, number, number]; layers: MapLayer[]; note: string }
export interface IndicatorSummary { id: string; label: string; basis: string; unit: string; by: Choice[]; type?: string; lower?: boolean }
export interface IndicatorRow { key: string; label: string; numerator: number | string; denominator?: number | string | null; value: number | string | null; filter?: string; type?: string }
export interface Indicator { id: string; label: string; basis: string; formula: string; unit?: string; type?: string; by?: Choice[]; from?: string; to?: string; rows: IndicatorRow[]; total?: IndicatorRow }

export interface ProcessSummary { key: string; label: string; type: string; type_label: string; versions: { version: number; running: number; ended: number }[] }
export interface Spread { n: number; p50: number | null; p90: number | null }
export interface ProcessNode {
  version: number; node: string; label: string; entered: number; open: number; done: number; cancelled: number; returned: number; rework: number
  overdue: number; forecast: number | null; wait: Spread; work: Spread; duration: Spread
}
export interface Measure { id: string; label: string; basis: string }
export interface ProcessInsight extends ProcessSummary { nodes: ProcessNode[]; xml: string; picture: number; measures: Measure[]; from: string; to: string }
export interface ProcessCase {
  task: string; type: string; record: string; number: string | null; title: string; version: number; node: string; label: string; state: string; state_label: string
  assignee_name?: string; created: string; claimed?: string; done?: string; due?: string
}

import { api } from './client'
import type { Area, CodeEntry, Indicator, IndicatorSummary, MapInfo, Org, Page, PersonRow, RecordType, TypeSummary } from './types'

export const types = () => api.get<Page<TypeSummary>>('/types')
export const type = (name: string) => api.get<RecordType>('/types/' + encodeURIComponent(name))
export const codes = (table: string) => api.get<Page<CodeEntry>>('/codes/' + encodeURIComponent(table))
export const people = (q: string, role = '', org = '') => api.get<Page<PersonRow>>('/people', { q, role, org })
export const orgs = () => api.get<Page<Org>>('/orgs')
export const areas = (parent = '') => api.get<Page<Area>>('/areas', { parent })
export const map = () => api.get<MapInfo>('/map')
export const indicators = (pack = '') => api.get<Page<IndicatorSummary>>('/indicators', { pack })
export const indicator = (id: string, from: string, to: string, by: string) =>
  api.get<Indicator>('/indicators/' + encodeURIComponent(id), { from, to, by })

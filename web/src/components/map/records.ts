/** Record layers of the map: points, lines and areas coloured by state, from row-filtered tiles. */
import type { Feature, FeatureCollection } from 'geojson'
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification } from 'maplibre-gl'
import type { Choice, MapLayer, Place, Row } from '../../api/types'
import { muted, palette, tileSource, type LibreMap } from './ground'

export interface Legend { label: string; color: string }
export interface Hit { type: string; id: string; title: string; state: string }

export function legend(states: Choice[]): Legend[] {
  return states.map((s, i) => ({ label: s.label, color: palette[i % palette.length] ?? muted }))
}

function colour(states: Choice[]): ExpressionSpecification | string {
  if (!states.length) return palette[0] ?? muted
  const pairs = states.flatMap((s, i) => [s.id, palette[i % palette.length] ?? muted])
  return ['match', ['get', 'state'], ...pairs, muted] as unknown as ExpressionSpecification
}

export function addRecords(map: LibreMap, layer: MapLayer, states: Choice[]): void {
  const id = 'records-' + layer.id
  if (!map.getSource(layer.id)) map.addSource(layer.id, tileSource(layer))
  const common = { id, source: layer.id, 'source-layer': layer.id, minzoom: layer.min_zoom ?? 0 }
  const color = colour(states)
  const spec: LayerSpecification = layer.geometry === 'line'
    ? { ...common, type: 'line', paint: { 'line-color': color, 'line-width': 3 } }
    : layer.geometry === 'polygon'
      ? { ...common, type: 'fill', paint: { 'fill-color': color, 'fill-opacity': 0.4 } }
      : { ...common, type: 'circle', paint: { 'circle-color': color, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, 3.5, 15, 8], 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1.5 } }
  if (!map.getLayer(id)) map.addLayer(spec)
}

export function removeRecords(map: LibreMap, layer: MapLayer): void {
  const id = 'records-' + layer.id
  if (map.getLayer(id)) map.removeLayer(id)
}

/** Fetches the tiles of a layer again, after a record changed. */
export function refreshRecords(map: LibreMap, layer: MapLayer): void {
  const source = map.getSource(layer.id)
  if (source && 'setTiles' in source) (source as unknown as { setTiles: (tiles: string[]) => void }).setTiles(tileSource(layer).tiles)
}

export function hitAt(map: LibreMap, at: { x: number; y: number }, layers: MapLayer[]): Hit | null {
  const known = layers.map((l) => 'records-' + l.id).filter((id) => map.getLayer(id))
  const [found] = known.length ? map.queryRenderedFeatures([[at.x - 5, at.y - 5], [at.x + 5, at.y + 5]], { layers: known }) : []
  if (!found) return null
  const p = found.properties as Record<string, unknown>
  const layer = layers.find((l) => 'records-' + l.id === found.layer.id)
  return { type: String(p['type'] ?? layer?.type ?? ''), id: String(p['id'] ?? ''), title: String(p['title'] ?? ''), state: String(p['label'] ?? p['state'] ?? '') }
}

/** Rings around the records of the list, the chosen one larger. */
export function showFound(map: LibreMap, rows: Row[], place: string, chosen: string): void {
  const features = rows.flatMap((row): Feature[] => {
    const at = row[place] as Place | null | undefined
    if (at?.lon === undefined || at.lat === undefined) return []
    return [{ type: 'Feature', properties: { chosen: row.id === chosen }, geometry: { type: 'Point', coordinates: [at.lon, at.lat] } }]
  })
  const data: FeatureCollection = { type: 'FeatureCollection', features }
  const source = map.getSource<GeoJSONSource>('found')
  if (source) { source.setData(data); return }
  map.addSource('found', { type: 'geojson', data })
  map.addLayer({
    id: 'found', type: 'circle', source: 'found',
    paint: { 'circle-radius': ['case', ['get', 'chosen'], 14, 9], 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ['case', ['get', 'chosen'], '#a61b12', '#14212e'], 'circle-stroke-width': ['case', ['get', 'chosen'], 3, 1.5] },
  })
}

/** Makes maps: our own vector tiles, no glyph server, the worker from our own origin. */
import { Map as LibreMap, NavigationControl, ScaleControl, setWorkerUrl, type LayerSpecification, type StyleSpecification } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { MapInfo, MapLayer } from '../../api/types'
import { t } from '../../kernel/i18n'

setWorkerUrl(workerUrl)
export { LibreMap }

/** Colours of states, told apart by lightness too; a state keeps its place in the order of its process. */
export const palette = ['#0b57a4', '#b45f00', '#146c34', '#7b2d8e', '#a61b12', '#00727a', '#8a6d00', '#3f4a9a', '#d0408a', '#5f8a00', '#14212e', '#5d93c9', '#c98a5d', '#7f8c98', '#00a3a8', '#b59ad6']
export const muted = '#5f6c79'

const border: Record<string, { color: string; width: number }> = {
  county: { color: '#14212e', width: 2.4 }, town: { color: '#33506e', width: 1.6 }, village: { color: '#7d92a8', width: 0.9 }, grid: { color: '#a9b8c8', width: 0.6 },
}

function groundLayers(layer: MapLayer): LayerSpecification[] {
  const source = { source: layer.id, 'source-layer': layer.id, minzoom: layer.min_zoom ?? 0 }
  const line = border[layer.id] ?? { color: '#7d92a8', width: 0.8 }
  if (layer.geometry === 'line') {
    const water = layer.id === 'water' || layer.id === 'river'
    return [{ id: layer.id, type: 'line', ...source, paint: { 'line-color': water ? '#7fb2dd' : '#c9b48f', 'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.6, 16, 5] } }]
  }
  if (layer.geometry === 'point') {
    return [{ id: layer.id, type: 'circle', ...source, paint: { 'circle-radius': 3, 'circle-color': '#8593a1' } }]
  }
  const layers: LayerSpecification[] = []
  if (layer.id === 'county') layers.push({ id: 'county-fill', type: 'fill', ...source, paint: { 'fill-color': '#fbfaf5' } })
  layers.push({ id: layer.id, type: 'line', ...source, paint: { 'line-color': line.color, 'line-width': line.width } })
  if (named(layer)) {
    layers.push({
      id: layer.id + '-name', type: 'symbol', source: layer.id + '-name', 'source-layer': layer.id, minzoom: Math.max(layer.min_zoom ?? 0, layer.id === 'town' ? 8 : layer.id === 'village' ? 12 : 15),
      ...(layer.id === 'town' ? { maxzoom: 13 } : {}),
      layout: { 'text-field': ['get', 'name'], 'text-size': layer.id === 'town' ? 14 : 12, 'text-font': ['sans-serif'] },
      paint: { 'text-color': '#2b3946', 'text-halo-color': '#ffffff', 'text-halo-width': 1.4 },
    })
  }
  return layers
}

const named = (layer: MapLayer) => layer.geometry === 'polygon' && layer.id !== 'county'

/** The style of the ground: every base layer with its own tile source. */
export function groundStyle(info: MapInfo): StyleSpecification {
  const base = info.layers.filter((l) => l.kind === 'base')
  return {
    version: 8,
    // A name is written once for every piece of its area, and tiles cut areas to pieces: names come from tiles so large
    // that few areas are cut.
    sources: Object.fromEntries(base.flatMap((l) => [[l.id, tileSource(l)], ...(named(l) ? [[l.id + '-name', { ...tileSource(l), maxzoom: Math.max(7, l.min_zoom ?? 0) }]] : [])])),
    layers: [{ id: 'paper', type: 'background', paint: { 'background-color': '#e6edf3' } }, ...base.flatMap(groundLayers)],
  }
}

export function tileSource(layer: MapLayer): { type: 'vector'; tiles: string[]; minzoom: number; maxzoom: number } {
  return { type: 'vector', tiles: [`${location.origin}/tiles/${layer.id}/{z}/{x}/{y}.mvt`], minzoom: Math.min(layer.min_zoom ?? 0, 14), maxzoom: 16 }
}

/** A map of the county in a container, with Chinese controls. */
export function makeMap(container: HTMLElement, info: MapInfo, at?: { lon: number; lat: number; zoom: number }): LibreMap {
  const [west, south, east, north] = info.bbox
  const map = new LibreMap({
    container, style: groundStyle(info), attributionControl: false, zoomLevelsToOverscale: 20, maxZoom: 19, minZoom: 6, dragRotate: false, pitchWithRotate: false, touchPitch: false,
    ...(at ? { center: [at.lon, at.lat], zoom: at.zoom } : { bounds: [west, south, east, north], fitBoundsOptions: { padding: 24 } }),
    localIdeographFontFamily: '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
    locale: {
      'Map.Title': t('map.title'), 'NavigationControl.ZoomIn': t('map.zoomin'), 'NavigationControl.ZoomOut': t('map.zoomout'),
      'ScaleControl.Meters': t('map.metres'), 'ScaleControl.Kilometers': t('map.kilometres'),
    },
  })
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  map.addControl(new ScaleControl({}), 'bottom-right')
  return map
}

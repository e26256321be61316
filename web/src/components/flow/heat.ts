/** Draws a process model with a number on each node and a ground that deepens with it. */
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer'
import 'bpmn-js/dist/assets/diagram-js.css'
import 'bpmn-js/dist/assets/bpmn-js.css'
import './flow.css'
import { heatLevel } from '../../kernel/heat'

interface Canvas { zoom: (mode: 'fit-viewport', centre: 'auto') => void; addMarker: (id: string, marker: string) => void; removeMarker: (id: string, marker: string) => void }
interface Registry { get: (id: string) => unknown }
interface Overlays { add: (id: string, overlay: { position: { top: number; right: number }; html: HTMLElement }) => void; clear: () => void }
export interface Heat { node: string; value: number; words: string }
export interface HeatPicture { show: (heat: Heat[]) => void; destroy: () => void }

export async function drawHeat(container: HTMLElement, xml: string): Promise<HeatPicture> {
  const viewer = new NavigatedViewer({ container })
  await viewer.importXML(xml)
  const canvas = viewer.get<Canvas>('canvas')
  const registry = viewer.get<Registry>('elementRegistry')
  const overlays = viewer.get<Overlays>('overlays')
  let marked: [string, string][] = []
  canvas.zoom('fit-viewport', 'auto')
  return {
    show(heat) {
      marked.forEach(([id, marker]) => canvas.removeMarker(id, marker))
      marked = []
      overlays.clear()
      const top = Math.max(0, ...heat.map((h) => h.value))
      for (const h of heat) {
        if (!registry.get(h.node) || h.value <= 0) continue
        const marker = `flow-heat-${heatLevel(h.value, top)}`
        canvas.addMarker(h.node, marker)
        marked.push([h.node, marker])
        const badge = document.createElement('span')
        badge.className = 'flow-count'
        badge.textContent = h.words
        overlays.add(h.node, { position: { top: -12, right: 16 }, html: badge })
      }
    },
    destroy: () => viewer.destroy(),
  }
}

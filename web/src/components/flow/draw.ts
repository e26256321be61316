/** Draws a process model with the places done and active marked. Loaded only where a model has a drawing. */
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer'
import 'bpmn-js/dist/assets/diagram-js.css'
import 'bpmn-js/dist/assets/bpmn-js.css'
import './flow.css'
import type { FlowPicture } from '../../api/types'

interface Canvas { zoom: (mode: 'fit-viewport', centre: 'auto') => void; addMarker: (id: string, marker: string) => void }
interface Registry { get: (id: string) => unknown }

export async function drawFlow(container: HTMLElement, picture: FlowPicture): Promise<{ destroy: () => void }> {
  const viewer = new NavigatedViewer({ container })
  await viewer.importXML(picture.xml)
  const canvas = viewer.get<Canvas>('canvas')
  const registry = viewer.get<Registry>('elementRegistry')
  const mark = (ids: string[], marker: string) => ids.filter((id) => registry.get(id)).forEach((id) => canvas.addMarker(id, marker))
  mark(picture.done.filter((id) => !picture.active.includes(id)), 'flow-done')
  mark(picture.active, 'flow-active')
  canvas.zoom('fit-viewport', 'auto')
  return { destroy: () => viewer.destroy() }
}

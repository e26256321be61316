import { commandId, Problem } from './client'
import type { FieldError, FileInfo } from './types'

export const fileAddress = (id: string) => '/api/v1/files/' + encodeURIComponent(id)

/** Uploads one file. XMLHttpRequest, because fetch does not tell how much has been sent. Progress runs from 0 to 1. */
export function uploadFile(file: File, progress: (share: number) => void): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/files')
    request.setRequestHeader('Idempotency-Key', commandId())
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total) }
    request.onerror = () => reject(new Problem(0, { code: 'offline' }))
    request.onload = () => {
      let body: unknown = {}
      try { body = JSON.parse(request.responseText) } catch { body = {} }
      if (request.status >= 200 && request.status < 300) resolve(body as FileInfo)
      else reject(new Problem(request.status, body as { detail?: string; errors?: FieldError[] }))
    }
    const form = new FormData()
    form.set('file', file)
    request.send(form)
  })
}

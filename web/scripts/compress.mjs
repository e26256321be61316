// Writes a .br and a .gz beside every compressible file of dist; the Go handler picks one by Accept-Encoding.
// Brotli quality 5 is fast enough for every build; CHENGSHU_BROTLI=11 is for releases.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url).pathname
const quality = Number(process.env.CHENGSHU_BROTLI ?? 5)
const wanted = /\.(html|js|mjs|css|svg|json|webmanifest)$/
let raw = 0
let packed = 0

function walk(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) walk(path)
    else if (wanted.test(name) && name !== 'placeholder.html') pack(path)
  }
}

function pack(path) {
  const data = readFileSync(path)
  const br = brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } })
  writeFileSync(path + '.br', br)
  writeFileSync(path + '.gz', gzipSync(data, { level: 6 }))
  raw += data.length
  packed += br.length
}

walk(dist)
console.log(`compressed ${raw} to ${packed} bytes (brotli ${quality})`)

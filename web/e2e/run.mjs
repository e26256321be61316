// Runs every file against one demo county: the pages of the stand-in server, and the small county with a pack of its own,
// beside those of the living demo; the files that change the demo one after another, each on records of its own.
import { spawn } from 'node:child_process'
import { launchDemo, missing } from './demo.mjs'

const alone = ['states.test.mjs', 'process.test.mjs']
const living = ['pages.test.mjs', 'portal.test.mjs', 'map.test.mjs', 'walk.test.mjs', 'office.test.mjs']

function run(files, env) {
  const paths = files.map((f) => new URL(f, import.meta.url).pathname)
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...paths], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk) => { said += chunk })
    child.once('exit', (code) => { process.stdout.write(said); resolve(code ?? 1) })
  })
}

const demo = missing() ? undefined : await launchDemo()
const codes = await Promise.all([
  run(alone, {}),
  run(living, demo ? { CHENGSHU_E2E_DEMO: JSON.stringify([demo.base, demo.data]) } : {}),
])
await demo?.stop()
process.exitCode = Math.max(...codes)

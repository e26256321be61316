// Starts a demo county of its own on a free port and tells who lives in it.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ready } from './browser.mjs'

export const binary = process.env.CHENGSHU_BIN ?? new URL('../../bin/chengshu', import.meta.url).pathname

/** Why the demo cannot run here, or nothing. In CI that is a failure, elsewhere a loud skip. */
export function missing() {
  if (existsSync(binary)) return false
  const why = `no program at ${binary}: build it or set CHENGSHU_BIN`
  if (process.env.CHENGSHU_CI === '1') throw new Error(why)
  console.log(`SKIPPED: ${why}`)
  return why
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** The demo of this run, started by run.mjs for all files; a file that is run alone starts its own. */
export async function startDemo() {
  const shared = process.env.CHENGSHU_E2E_DEMO
  return shared ? county(...JSON.parse(shared), async () => {}) : launchDemo()
}

/** Runs `chengshu demo` without simulators, so that nobody acts but the test. */
export async function launchDemo() {
  const data = mkdtempSync(join(tmpdir(), 'chengshu-e2e-'))
  const listen = `127.0.0.1:${await freePort()}`
  const child = spawn(binary, ['demo', '--listen', listen, '--data', data, '--seed', '1', '--no-simulate'], { cwd: data, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the demo is not ready: ' + log.slice(-2000))), 900_000)
    const hear = (chunk) => {
      log += chunk
      if (/ready http/.test(log)) { clearTimeout(timer); resolve() }
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => { clearTimeout(timer); reject(new Error(`the demo ended with ${code}: ${log.slice(-2000)}`)) })
  })
  child.removeAllListeners('exit')
  return county(`http://${listen}`, data, () => new Promise((resolve) => {
    child.once('exit', () => { rmSync(data, { recursive: true, force: true }); resolve() })
    child.kill('SIGTERM')
  }))
}

function county(base, data, stop) {
  const accounts = JSON.parse(readFileSync(join(data, 'accounts.json'), 'utf8'))
  const by = (role, where = () => true) => {
    const found = accounts.find((a) => a.role === role && where(a))
    if (!found) throw new Error(`no account with the role ${role}`)
    return found
  }
  return {
    base, data, accounts, by, stop,
    /** GET of the API as a person of that role. */
    get: async (role, path) => {
      const answer = await fetch(base + '/api/v1' + path, { headers: { Authorization: 'Bearer ' + by(role).token } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json()
    },
    /** A write of the API as a person of that role; the answer, whatever it is. */
    send: (account, method, path, body, headers = {}) => fetch(base + '/api/v1' + path, {
      method, headers: { 'Authorization': 'Bearer ' + account.token, 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID(), ...headers }, body: JSON.stringify(body),
    }),
  }
}

/** Lets a browser context act as an account, by the form of the sign-in page. */
export async function signIn(page, account) {
  await page.goto('/desk/sign-in')
  await page.fill('#username', account.username)
  await page.fill('#password', account.password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(/\/desk\/(?!sign-in)/)
  await ready(page)
}

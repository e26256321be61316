// A small county of its own with one made-up pack of the site layer, whose process asks a system that is not there: for what
// a living demo must not show, such as processes that are stuck, and a new version of a model while matters are under way.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary, freePort } from './demo.mjs'

const pack = new URL('./works/', import.meta.url).pathname
const people = [['gc01', '工程员甲', 'works.clerk'], ['gc02', '工程员乙', 'works.clerk'], ['gc03', '工程主任甲', 'works.chief'], ['gc04', '工程管理员甲', 'works.keeper']]

/** Starts it; `by` gives a person to sign in as, `as` calls the API as one, `redeploy` puts a changed model in force. */
export async function startWorks() {
  const data = mkdtempSync(join(tmpdir(), 'chengshu-works-'))
  const listen = `127.0.0.1:${await freePort()}`
  const base = `http://${listen}`
  cpSync(pack, join(data, 'site', 'works'), { recursive: true })
  const cli = (...args) => execFileSync(binary, [...args, '--data', data], { cwd: data, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  cli('user', 'org', '/county/', '--name', '演示县')
  cli('user', 'org', '/county/gcj/', '--name', '演示工程局')
  const accounts = new Map()
  for (const [username, name, role] of people) {
    const said = cli('user', 'add', username, '--name', name, '--org', '/county/gcj/', '--area', '/', '--role', role)
    accounts.set(username, { username, name, said })
  }
  let child = await serve(data, listen)
  for (const account of accounts.values()) await settle(base, account)
  return {
    base, by: (username) => accounts.get(username), as: (username) => caller(base, accounts.get(username)),
    async redeploy(change) {
      await end(child)
      const file = join(data, 'site', 'works', 'flows', 'case.bpmn')
      writeFileSync(file, change(readFileSync(file, 'utf8')))
      child = await serve(data, listen)
    },
    async stop() {
      await end(child)
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function serve(data, listen) {
  const child = spawn(binary, ['serve', '--listen', listen, '--data', data], { cwd: data, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  return new Promise((resolve, reject) => {
    const hear = (chunk) => {
      log += chunk
      if (/ready http/.test(log)) { child.removeAllListeners('exit'); resolve(child) }
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log.slice(-2000)}`)))
  })
}

function end(child) {
  return new Promise((resolve) => { child.once('exit', resolve); child.kill('SIGTERM') })
}

/** The first password was made by chance and has to be changed before anything else. */
async function settle(base, account) {
  const old = account.said.split('\n')[0].split('\t')[2]
  const post = (path, body, token) => fetch(base + '/api/v1' + path, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID(), ...(token ? { Authorization: 'Bearer ' + token } : {}) }, body: JSON.stringify(body),
  })
  const opened = await post('/session', { username: account.username, password: old })
  if (!opened.ok) throw new Error(`${account.said}: ${await opened.text()}`)
  account.password = 'a made-up county 42'
  const changed = await post('/password', { old, new: account.password }, (await opened.json()).token)
  if (!changed.ok) throw new Error(await changed.text())
  account.token = (await (await post('/session', { username: account.username, password: account.password })).json()).token
}

function caller(base, account) {
  const call = async (method, path, body) => {
    const answer = await fetch(base + '/api/v1' + path, {
      method, headers: { 'Authorization': 'Bearer ' + account.token, 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }, body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  return { get: (path) => call('GET', path), post: (path, body = {}) => call('POST', path, body) }
}

/** Words. Every text a person reads comes from a locale file or, for what a pack declares, from the server. */
import zh from '../locale/zh-CN.json'

interface Tree { [key: string]: string | Tree }
const words = new Map<string, string>()

function flatten(tree: Tree, prefix: string): void {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') words.set(prefix + key, value)
    else flatten(value, prefix + key + '.')
  }
}
flatten(zh as Tree, '')

export type Args = Record<string, string | number>

export function has(key: string): boolean {
  return words.has(key)
}

/** The words of a key with {name} places filled. A missing key shows itself, so that it is noticed. */
export function t(key: string, args: Args = {}): string {
  return (words.get(key) ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? String(args[name]) : whole))
}

/** Adds words of the server without replacing those of this build. */
export function addWords(more: Record<string, string>): void {
  for (const [key, value] of Object.entries(more)) if (!words.has(key)) words.set(key, value)
}

/** Article HTML, never put into the page as it is: parsed, and rebuilt from a closed list of elements (as kernel/schema field_richtext.go). */
import { h, type VNode } from 'vue'

const allowed = new Set(['p', 'br', 'h2', 'h3', 'h4', 'ul', 'ol', 'li', 'strong', 'em', 'u', 's', 'blockquote', 'a', 'img', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'hr', 'sup', 'sub'])
const hidden = new Set(['script', 'style', 'iframe', 'object', 'svg', 'template'])

function attributes(element: Element): Record<string, string> {
  const out: Record<string, string> = {}
  const href = element.getAttribute('href') ?? ''
  if (element.localName === 'a' && /^(https?:\/\/|mailto:|\/(?!\/))/i.test(href)) Object.assign(out, { href, rel: 'noopener noreferrer' })
  const src = element.getAttribute('src') ?? ''
  if (element.localName === 'img' && src.startsWith('/files/')) out['src'] = src
  for (const name of ['alt', 'colspan', 'rowspan']) {
    const value = element.getAttribute(name)
    if (value !== null) out[name] = value
  }
  return out
}

function nodes(parent: Node): (VNode | string)[] {
  return [...parent.childNodes].flatMap((node): (VNode | string)[] => {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent ?? '']
    if (!(node instanceof Element) || hidden.has(node.localName)) return []
    return allowed.has(node.localName) ? [h(node.localName, attributes(node), nodes(node))] : nodes(node)
  })
}

/** Parses article HTML without running or loading anything. */
export function parseRich(html: string): HTMLElement {
  // Even an inert document reports style attributes to the policy of the page, so they go before it is parsed.
  const bare = html.replace(/(<[a-z][^>]*?)\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '$1')
  return new DOMParser().parseFromString(bare, 'text/html').body
}

export function richNodes(html: string): (VNode | string)[] {
  return nodes(parseRich(html))
}

export function plainText(html: string): string {
  return html.replace(/<[^>]*>/g, ' ').replace(/&nbsp;/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&').replace(/\s+/g, ' ').trim()
}

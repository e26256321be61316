/** A browser's name for itself in words a person recognises: "Chrome 156 · Windows". */
import { t } from './i18n'

// The first that fits counts: most browsers also name those they resemble.
const browsers: [RegExp, string][] = [
  [/MicroMessenger\/(\d+)/, 'wechat'], [/DingTalk\/(\d+)/, 'dingtalk'], [/(?:Edg|EdgA|EdgiOS)\/(\d+)/, 'edge'], [/(?:Firefox|FxiOS)\/(\d+)/, 'firefox'],
  [/HuaweiBrowser\/(\d+)/, 'huawei'], [/(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, 'chrome'], [/Version\/(\d+).*Safari/, 'safari'],
]
const systems: [RegExp, string][] = [
  [/HarmonyOS|OpenHarmony/, 'harmony'], [/Android/, 'android'], [/iPhone|iPad/, 'ios'], [/Windows/, 'windows'], [/Mac OS X/, 'mac'], [/UOS|Deepin/i, 'uos'], [/Kylin/i, 'kylin'], [/Linux/, 'linux'],
]

/** What is not recognised stays as it is. */
export function agentWords(agent: string): string {
  const browser = browsers.flatMap(([shape, id]) => { const m = shape.exec(agent); return m ? [`${t('agent.' + id)} ${m[1] ?? ''}`] : [] })[0]
  const system = systems.find(([shape]) => shape.test(agent))?.[1]
  return browser ? browser + (system ? ` · ${t('agent.' + system)}` : '') : agent
}

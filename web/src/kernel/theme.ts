/** Elder mode (larger letters and targets) and high contrast, as attributes of the page. */
import { reactive, watchEffect } from 'vue'

const name = 'chengshu.theme'
interface Theme { elder: boolean; contrast: boolean }

function stored(): Theme {
  try {
    const t = JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<Theme>
    return { elder: t.elder === true, contrast: t.contrast === true }
  } catch {
    return { elder: false, contrast: false }
  }
}

export const theme = reactive<Theme>(stored())

/** Takes over what a person chose on another machine; anything else changes nothing. */
export function useTheme(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  theme.elder = 'elder' in value && value.elder === true
  theme.contrast = 'contrast' in value && value.contrast === true
}

export function startTheme(): void {
  watchEffect(() => {
    const root = document.documentElement
    if (theme.elder) root.dataset['a11y'] = 'elder'
    else delete root.dataset['a11y']
    if (theme.contrast) root.dataset['contrast'] = 'high'
    else delete root.dataset['contrast']
    try {
      localStorage.setItem(name, JSON.stringify(theme))
    } catch {
      return
    }
  })
}

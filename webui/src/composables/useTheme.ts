import { readonly, ref, type Ref } from 'vue'

export const THEMES = ['system', 'light', 'dark'] as const

export type Theme = (typeof THEMES)[number]

// public/theme.js reads it before the first paint.
const STORAGE_KEY = 'openmoss.theme'

const theme = ref<Theme>(storedTheme())

/** Light, dark, or what the system says. */
export function useTheme(): { theme: Readonly<Ref<Theme>>; setTheme: (value: Theme) => void } {
  return { theme: readonly(theme), setTheme }
}

function setTheme(value: Theme): void {
  theme.value = value
  if (value === 'system') {
    localStorage.removeItem(STORAGE_KEY)
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem(STORAGE_KEY, value)
    document.documentElement.dataset['theme'] = value
  }
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY)
  return THEMES.find((one) => one === stored) ?? 'system'
}

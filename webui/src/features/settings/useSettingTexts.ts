import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { durationText, sourceOf, type Setting } from './settings'

/** How a setting is called, what it is for and where its value comes from. One of a newer server is called by its key. */
export function useSettingTexts(setting: () => Setting): ComputedRef<{ label: string; hint: string | undefined; source: string }> {
  const { t, te, locale } = useI18n()
  return computed(() => {
    const { key, value, source } = setting()
    const { kind, name } = sourceOf(source)
    const duration = key.endsWith('_seconds') ? durationText(Number(value), locale.value) : undefined
    const from = t(`settings.source.${kind}`, { name })
    return {
      label: te(`settings.key.${key}`) ? t(`settings.key.${key}`) : key,
      hint: te(`settings.hint.${key}`) ? t(`settings.hint.${key}`) : undefined,
      source: duration === undefined ? from : `${duration} · ${from}`,
    }
  })
}

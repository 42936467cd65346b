import { computed, ref } from 'vue'
import { api, read, type Schemas } from '../../api/client'
import { useQuery } from '../../composables/useQuery'
import { useServer } from '../../stores/server'
import { changesOf, partsOf, sectionsOf, type Draft, type Section, type Setting } from './settings'

type Config = Record<string, Record<string, unknown>>

/** The settings in force, and what somebody is about to make of them. */
export function useSettings() {
  const server = useServer()
  const { data, error, refresh } = useQuery((signal) =>
    Promise.all([
      read(api.GET('/api/admin/config/sources', { signal })),
      read(api.GET('/api/admin/config', { signal })),
    ]).then(([sources, config]) => sources.map((source) => withValue(source, config as Config))),
  )
  const drafts = ref<Record<string, Draft>>({})
  const sections = computed(() => (data.value === undefined ? undefined : sectionsOf(data.value)))

  async function save(section: Section): Promise<void> {
    const changes = changesOf(section.settings, drafts.value)
    const body = { [section.name]: changes } as Schemas['ConfigEdit']
    await read(api.PUT('/api/admin/config', { body }))
    // The answer says what is in force now; only then is the draft of no more use.
    await refresh()
    discard(section)
    if (section.name === 'project') void server.loadHealth()
  }

  function discard(section: Section): void {
    const kept = Object.entries(drafts.value).filter(([key]) => partsOf(key).section !== section.name)
    drafts.value = Object.fromEntries(kept)
  }

  const isDirty = computed(() => sections.value?.some(({ settings }) => Object.keys(changesOf(settings, drafts.value)).length > 0) ?? false)

  return { sections, error, refresh, drafts, isDirty, save, discard }
}

/** The list of sources masks the registration token too, which an admin hands out. */
function withValue(source: Setting, config: Config): Setting {
  const { section, name } = partsOf(source.key)
  const value = config[section]?.[name]
  return value === undefined ? source : { ...source, value }
}

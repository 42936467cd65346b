import { useRouter } from 'vue-router'
import type { MessageKey } from '../i18n'
import { NAVIGATION, NAVIGATION_PHONE } from '../shell/navigation'

export interface Page {
  name: string
  title: MessageKey
}

export interface Section {
  title: MessageKey
  pages: Page[]
}

/** The pages that there are, as the navigation and the command palette show them. */
export function useNavigation(): { sections: Section[]; phonePages: Page[] } {
  const router = useRouter()
  const titles = new Map(router.getRoutes().map((route) => [route.name, route.meta.title]))

  function pages(names: readonly string[]): Page[] {
    return names.flatMap((name) => {
      const title = titles.get(name)
      return title === undefined ? [] : [{ name, title }]
    })
  }

  const sections = NAVIGATION.map(({ title, pages: names }) => ({ title, pages: pages(names) }))
  return { sections: sections.filter((section) => section.pages.length > 0), phonePages: pages(NAVIGATION_PHONE) }
}

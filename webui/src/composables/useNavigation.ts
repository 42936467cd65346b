import { useRoute, useRouter } from 'vue-router'
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
export function useNavigation() {
  const route = useRoute()
  const router = useRouter()
  const titles = new Map(router.getRoutes().map((route) => [route.name, route.meta.title]))

  function pages(names: readonly string[]): Page[] {
    return names.flatMap((name) => {
      const title = titles.get(name)
      return title === undefined ? [] : [{ name, title }]
    })
  }

  /** Whether it is the page that one is on, or what one is on was opened from there. */
  function isAround(page: Page): boolean {
    const { path } = router.resolve({ name: page.name })
    return route.path === path || route.path.startsWith(`${path}/`)
  }

  const sections: Section[] = NAVIGATION.map(({ title, pages: names }) => ({ title, pages: pages(names) }))
  return { sections: sections.filter((section) => section.pages.length > 0), phonePages: pages(NAVIGATION_PHONE), isAround }
}

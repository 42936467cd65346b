import {
  Activity,
  Bell,
  Bot,
  ChartColumn,
  ClipboardCheck,
  FileText,
  Info,
  LayoutDashboard,
  ListTodo,
  Puzzle,
  ScrollText,
  Settings,
  ShieldCheck,
  Trophy,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { MessageKey } from '../i18n'

export interface NavigationGroup {
  title: MessageKey
  /** Names of routes, in the order on the screen. One that no feature has yet is left out. */
  pages: string[]
}

export const NAVIGATION: NavigationGroup[] = [
  { title: 'nav.work', pages: ['dashboard', 'tasks', 'agents', 'feed'] },
  { title: 'nav.record', pages: ['reviews', 'scores', 'logs', 'patrol', 'usage'] },
  { title: 'nav.manage', pages: ['prompts', 'skills', 'notifications', 'settings', 'about'] },
]

/** On a phone these are at the bottom of the screen; the others are behind "More". */
export const NAVIGATION_PHONE = ['dashboard', 'tasks', 'agents', 'feed']

export const PAGE_ICON: Record<string, Component> = {
  dashboard: LayoutDashboard,
  tasks: ListTodo,
  agents: Bot,
  feed: Activity,
  reviews: ClipboardCheck,
  scores: Trophy,
  logs: ScrollText,
  patrol: ShieldCheck,
  usage: ChartColumn,
  prompts: FileText,
  skills: Puzzle,
  notifications: Bell,
  settings: Settings,
  about: Info,
}

import type { RouteRecordRaw } from 'vue-router'
import { api, read } from '../../api/client'

export const routes: RouteRecordRaw[] = [
  {
    path: '/feed',
    name: 'feed',
    component: () => import('./FeedPage.vue'),
    meta: {
      title: 'feed.title',
      isOpen: async () => (await read(api.GET('/api/feed/status'))).enabled,
    },
  },
]

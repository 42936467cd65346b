import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/scores',
    name: 'scores',
    component: () => import('./ScoresPage.vue'),
    meta: { title: 'scores.title' },
  },
]

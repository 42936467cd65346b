import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/usage',
    name: 'usage',
    component: () => import('./UsagePage.vue'),
    meta: { title: 'usage.title' },
  },
]

import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/patrol',
    name: 'patrol',
    component: () => import('./PatrolPage.vue'),
    meta: { title: 'patrol.title' },
  },
]

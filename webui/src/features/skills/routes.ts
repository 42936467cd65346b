import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/skills',
    name: 'skills',
    component: () => import('./SkillsPage.vue'),
    meta: { title: 'skills.title' },
  },
  {
    path: '/skills/:name',
    name: 'skill',
    component: () => import('./SkillPage.vue'),
    props: true,
    meta: { title: 'skills.one' },
  },
]

import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/tasks',
    name: 'tasks',
    component: () => import('./TasksPage.vue'),
    meta: { title: 'tasks.title' },
  },
  {
    path: '/tasks/:taskId',
    name: 'task',
    component: () => import('./TaskPage.vue'),
    props: true,
    meta: { title: 'tasks.one' },
  },
  {
    path: '/sub-tasks/:subTaskId',
    name: 'sub-task',
    component: () => import('./SubTaskPage.vue'),
    props: true,
    meta: { title: 'tasks.subTask' },
  },
]

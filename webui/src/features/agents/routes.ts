import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/agents',
    name: 'agents',
    component: () => import('./AgentsPage.vue'),
    meta: { title: 'agents.title' },
  },
  {
    path: '/agents/new',
    name: 'agent-new',
    component: () => import('./connect/ConnectPage.vue'),
    meta: { title: 'connect.title' },
  },
  {
    path: '/agents/:agentId',
    name: 'agent',
    component: () => import('./AgentPage.vue'),
    props: true,
    meta: { title: 'agents.one' },
  },
]

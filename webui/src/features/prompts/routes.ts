import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/prompts',
    name: 'prompts',
    component: () => import('./PromptsPage.vue'),
    meta: { title: 'prompts.title' },
  },
  {
    path: '/prompts/agents/:slug',
    name: 'prompt',
    component: () => import('./PromptPage.vue'),
    props: true,
    meta: { title: 'prompts.one' },
  },
  {
    path: '/prompts/templates/:role(planner|executor|reviewer|patrol)',
    name: 'prompt-template',
    component: () => import('./TemplatePage.vue'),
    props: true,
    meta: { title: 'prompts.template' },
  },
  {
    path: '/prompts/rules/global',
    name: 'global-rule',
    component: () => import('./GlobalRulePage.vue'),
    meta: { title: 'prompts.globalRule' },
  },
]

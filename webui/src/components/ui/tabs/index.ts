export { default as Tabs } from './Tabs.vue'

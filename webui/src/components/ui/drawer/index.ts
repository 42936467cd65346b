export { default as Drawer } from './Drawer.vue'

export { default as Field } from './Field.vue'

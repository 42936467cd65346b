export { default as TagInput } from './TagInput.vue'

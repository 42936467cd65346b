export { default as Select } from './Select.vue'

export interface Option {
  value: string
  label: string
}

export { default as Input } from './Input.vue'

/** What every field that one writes in looks like. */
export const CONTROL =
  'w-full rounded-lg border border-edge/60 bg-surface px-3 text-sm text-ink transition-colors hover:border-edge aria-invalid:border-danger-ink disabled:opacity-55'

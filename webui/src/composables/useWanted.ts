import { ref, watch, type Ref } from 'vue'

/** True from the first time that `isOpen` is, so that what only then is seen is only then made, and keeps its state. */
export function useWanted(isOpen: Ref<boolean>): Readonly<Ref<boolean>> {
  const isWanted = ref(isOpen.value)
  watch(isOpen, (value) => (isWanted.value ||= value), { flush: 'sync' })
  return isWanted
}

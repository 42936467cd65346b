import { readonly, ref, type Ref } from 'vue'

export interface Toast {
  id: number
  text: string
  tone: 'good' | 'danger'
}

const toasts = ref<Toast[]>([])
let lastId = 0

/** Short news about what somebody just did; shell/AppToasts.vue shows them. */
export function useToasts(): {
  toasts: Readonly<Ref<readonly Toast[]>>
  toast: (text: string, tone?: Toast['tone']) => void
  dismiss: (id: number) => void
} {
  return { toasts: readonly(toasts), toast, dismiss }
}

function toast(text: string, tone: Toast['tone'] = 'good'): void {
  lastId += 1
  toasts.value = [...toasts.value, { id: lastId, text, tone }]
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}

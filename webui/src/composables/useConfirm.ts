import { readonly, shallowRef, type ShallowRef } from 'vue'

export interface Question {
  title: string
  text: string
  /** The button that goes on. */
  action: string
  /** For what cannot be undone. */
  isDangerous?: boolean
  /** Somebody has to type this to go on. */
  typed?: string
}

interface Asked extends Question {
  answer: (isSure: boolean) => void
}

const asked = shallowRef<Asked>()

/** Asks before something is done; shell/AppConfirm.vue shows the question. */
export function useConfirm(): {
  asked: Readonly<ShallowRef<Asked | undefined>>
  confirm: (question: Question) => Promise<boolean>
} {
  return { asked: readonly(asked) as Readonly<ShallowRef<Asked | undefined>>, confirm }
}

function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (isSure) => {
        asked.value = undefined
        resolve(isSure)
      },
    }
  })
}

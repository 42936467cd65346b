import { defineStore } from 'pinia'
import { readonly, ref } from 'vue'
import { api, read, useCredentials } from '../api/client'
import { ApiError } from '../api/problem'

export const TOKEN_KEY = 'openmoss.admin-token'

interface Waiting {
  resolve: (token: string) => void
  reject: (reason: ApiError) => void
}

/**
 * The admin's session. The token lives in this tab, or in the browser when the admin wants to stay
 * signed in, and never in an address.
 */
export const useSession = defineStore('session', () => {
  const token = ref(storedToken())
  /** True from the moment the server ended the session until the next sign-in or sign-out. */
  const isOver = ref(false)
  let waiting: Waiting[] = []

  useCredentials({ token: () => token.value, renew })

  async function signIn(password: string, isKept: boolean): Promise<void> {
    const answer = await read(api.POST('/api/admin/login', { body: { password } }))
    forget()
    const storage = isKept ? localStorage : sessionStorage
    storage.setItem(TOKEN_KEY, answer.token)
    token.value = answer.token
    isOver.value = false
    for (const one of take()) one.resolve(answer.token)
  }

  async function signOut(): Promise<void> {
    try {
      if (!isOver.value) await api.POST('/api/admin/logout')
    } catch (cause) {
      // This browser forgets the token all the same, and the server lets it expire.
      if (!(cause instanceof ApiError)) throw cause
    }
    forget()
    isOver.value = false
    for (const one of take()) one.reject(new ApiError({ kind: 'signed_out' }))
  }

  function renew(ended: string): Promise<string> {
    // Another call may have brought the news before, and somebody signed in since.
    if (token.value !== undefined && token.value !== ended) return Promise.resolve(token.value)
    isOver.value = true
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  }

  function take(): Waiting[] {
    const taken = waiting
    waiting = []
    return taken
  }

  function forget(): void {
    localStorage.removeItem(TOKEN_KEY)
    sessionStorage.removeItem(TOKEN_KEY)
    token.value = undefined
  }

  return { token: readonly(token), isOver: readonly(isOver), signIn, signOut }
})

function storedToken(): string | undefined {
  return sessionStorage.getItem(TOKEN_KEY) ?? localStorage.getItem(TOKEN_KEY) ?? undefined
}

import { inject, provide, readonly, ref, type InjectionKey, type Ref } from 'vue'
import { login, logout } from '../api/client'
import { ApiError } from '../api/problem'

export interface Session {
  token: Readonly<Ref<string | undefined>>
  /** True from the moment the server ended the session until the next sign-in. */
  hasExpired: Readonly<Ref<boolean>>
  signIn: (password: string) => Promise<void>
  signOut: () => Promise<void>
  /** The server no longer knows the token. */
  expire: () => void
}

export const TOKEN_KEY = 'openmoss.admin-token'

const sessionKey: InjectionKey<Session> = Symbol('session')

export function provideSession(): Session {
  const session = createSession()
  provide(sessionKey, session)
  return session
}

export function useSession(): Session {
  const session = inject(sessionKey)
  if (session === undefined) throw new Error('useSession needs a component around it that calls provideSession')
  return session
}

/** The admin's session of this tab; it survives a reload and ends with the tab. */
export function createSession(): Session {
  const token = ref(sessionStorage.getItem(TOKEN_KEY) ?? undefined)
  const hasExpired = ref(false)

  async function signIn(password: string): Promise<void> {
    const answer = await login(password)
    sessionStorage.setItem(TOKEN_KEY, answer.token)
    token.value = answer.token
    hasExpired.value = false
  }

  async function signOut(): Promise<void> {
    const ended = token.value
    forget()
    if (ended === undefined) return
    try {
      await logout(ended)
    } catch (cause) {
      // This tab has forgotten the token all the same, and the server lets it expire.
      if (!(cause instanceof ApiError)) throw cause
    }
  }

  function expire(): void {
    forget()
    hasExpired.value = true
  }

  function forget(): void {
    sessionStorage.removeItem(TOKEN_KEY)
    token.value = undefined
  }

  return { token: readonly(token), hasExpired: readonly(hasExpired), signIn, signOut, expire }
}

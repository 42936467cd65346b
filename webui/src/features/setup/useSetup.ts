import { computed, reactive, ref } from 'vue'
import { api, read, type Schemas } from '../../api/client'
import { ApiError } from '../../api/problem'
import { useAction } from '../../composables/useAction'
import { useServer } from '../../stores/server'
import { useSession } from '../../stores/session'

/** What an existing installation tells its agents by default. */
const NOTIFIED_EVENTS = ['task_completed', 'review_rejected', 'all_done', 'patrol_alert']
const PASSWORD_MIN = 6

const LOCAL = ['localhost', '127.0.0.1', '[::1]']

/** The wizard's answers, which of them are still missing, and the call that sends them. */
export function useSetup() {
  const server = useServer()
  const session = useSession()
  const answers = reactive({
    projectName: '',
    workspaceRoot: './workspace',
    externalUrl: '',
    password: '',
    currentPassword: '',
    setupToken: '',
    registrationToken: '',
    allowRegistration: true,
    channels: '',
  })
  /** From another machine the server wants the token that it printed at its start. */
  const needsToken = ref(!LOCAL.includes(window.location.hostname))
  const needsCurrentPassword = ref(false)
  const registrationToken = ref<string>()

  const isPasswordLongEnough = computed(() => answers.password.length >= PASSWORD_MIN)

  const { run, isRunning, error } = useAction(async () => {
    try {
      const done = await read(
        api.POST('/api/setup/initialize', {
          params: { header: answers.setupToken === '' ? {} : { 'X-Setup-Token': answers.setupToken.trim() } },
          body: body(),
        }),
      )
      await session.signIn(answers.password, true)
      registrationToken.value = done.registration_token
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 403) askForMore()
      throw cause
    }
  })

  function body(): Schemas['SetupInitialize'] {
    const channels = answers.channels.split('\n').flatMap((line) => line.trim() || [])
    return {
      admin_password: answers.password,
      project_name: answers.projectName.trim(),
      workspace_root: answers.workspaceRoot.trim(),
      registration_token: answers.registrationToken.trim(),
      allow_registration: answers.allowRegistration,
      external_url: answers.externalUrl.trim(),
      ...(answers.currentPassword === '' ? {} : { current_password: answers.currentPassword }),
      ...(channels.length === 0 ? {} : { notification: { enabled: true, channels, events: NOTIFIED_EVENTS } }),
    }
  }

  function askForMore(): void {
    if (needsToken.value || LOCAL.includes(window.location.hostname)) needsCurrentPassword.value = true
    needsToken.value = true
  }

  return {
    answers,
    needsToken,
    needsCurrentPassword,
    isPasswordLongEnough,
    registrationToken,
    run,
    isRunning,
    error,
    finish: () => server.checkSetup(),
  }
}

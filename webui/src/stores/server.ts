import { defineStore } from 'pinia'
import { computed, readonly, shallowReadonly, shallowRef, ref } from 'vue'
import { api, read, type Schemas } from '../api/client'

export const useServer = defineStore('server', () => {
  const health = shallowRef<Schemas['Health']>()
  const setup = shallowRef<Schemas['SetupStatus']>()
  const isInitialized = ref<boolean>()

  /** Asks whether the setup is done, until it is. */
  async function checkSetup(): Promise<boolean> {
    if (isInitialized.value !== true) {
      setup.value = await read(api.GET('/api/setup/status'))
      isInitialized.value = setup.value.initialized
    }
    return isInitialized.value
  }

  async function loadHealth(): Promise<void> {
    health.value = await read(api.GET('/api/health'))
  }

  return {
    health: shallowReadonly(health),
    setup: shallowReadonly(setup),
    isInitialized: readonly(isInitialized),
    projectName: computed(() => health.value?.service ?? 'OpenMOSS'),
    checkSetup,
    loadHealth,
  }
})

import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18nKey } from './composables/useLocale'
import { startI18n } from './i18n'
import { createDashboardRouter } from './router'
import './style.css'

const i18n = await startI18n()
const app = createApp(App)
app.use(createPinia())
app.use(i18n)
app.provide(i18nKey, i18n)
app.use(createDashboardRouter())
app.mount('#app')

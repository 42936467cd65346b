import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18nKey } from './composables/useLocale'
import { startI18n } from './i18n'
import { createDashboardRouter } from './router'
import './style.css'

const app = createApp(App)
app.use(createPinia())
// From here on the first page is on its way, beside the texts.
app.use(createDashboardRouter())
const i18n = await startI18n()
app.use(i18n)
app.provide(i18nKey, i18n)
app.mount('#app')

import { createApp } from 'vue'
import App from './App.vue'
import { createDashboardI18n, followLocale, startLocale } from './i18n'
import './style.css'

const i18n = createDashboardI18n(startLocale())
followLocale(i18n.global.locale)

createApp(App).use(i18n).mount('#app')

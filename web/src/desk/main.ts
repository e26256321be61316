import { createApp } from 'vue'
import '../fields/fields' // first, because inputs and field types know each other
import { registerElements } from '../components/register'
import '../styles/theme.css'
import '../styles/base.css'
import '../styles/print.css'
import { startTheme } from '../kernel/theme'
import App from './App.vue'
import { router } from './router'

startTheme()
const app = createApp(App)
registerElements(app)
app.use(router)
app.mount('#app')

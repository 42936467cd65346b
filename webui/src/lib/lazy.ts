import { defineAsyncComponent, type Component } from 'vue'
import LoadingPanel from '../components/LoadingPanel.vue'

/** A large part of a page, whose code is loaded when it is first shown. */
export function lazy<T extends Component>(loader: () => Promise<{ default: T }>): T {
  return defineAsyncComponent<T>({ loader, loadingComponent: LoadingPanel, delay: 0 })
}

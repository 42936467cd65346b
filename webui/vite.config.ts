import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const server = 'http://127.0.0.1:6565'

const LARGE = /marked|dompurify|vue-flow|dagre|d3-|tanstack|markdown|graph|locales/i

export default defineConfig({
  plugins: [vue(), tailwindcss()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // The server's content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // Nearly all of a file runs at once: the browser compiles it beside the page instead of piece by piece in it
        // (https://v8.dev/blog/explicit-compile-hints).
        postBanner: '//# allFunctionsCalledOnLoad',
        // What several pages need is one file. Left to itself, a page came in seventy, and asking for a file costs a
        // phone more than most of them hold. What draws graphs and text is large and comes when it is needed.
        codeSplitting: {
          groups: [{ name: 'frame', test: (id) => !LARGE.test(id), minShareCount: 3 }],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': server,
      '/docs': server,
      '/openapi.json': server,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.spec.ts'],
    // The first test of a file compiles what it mounts, which takes long on a machine that builds something else.
    testTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
})

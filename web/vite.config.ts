import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// One build, one entry a surface. Hashed files lie under /assets/, the Go handler answers every /desk/* path with desk.html.
export default defineConfig({
  base: '/',
  plugins: [vue()],
  publicDir: 'public',
  build: {
    outDir: 'dist',
    emptyOutDir: false, // dist/placeholder.html is committed; scripts/clean.mjs empties the rest
    target: 'chrome87',
    assetsInlineLimit: 0, // a data: URI would break the content security policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: { desk: 'desk.html' } },
  },
  test: { include: ['src/**/*.test.ts'] },
})

import base from './vite.config.ts'
export default { ...base, build: { outDir: '/tmp/p-dist' }, preview: { host: '127.0.0.1', port: 5199, proxy: { '/api': 'http://127.0.0.1:42947' } } }
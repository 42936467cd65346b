// Measures the main pages of the dashboard as Lighthouse sees them, served by the release program, and fails below 95.
// `just lighthouse`; how often each page is measured is the first argument, the best time counts: a busy machine only
// makes pages slower.
import { resolve } from 'node:path'
import lighthouse, { desktopConfig } from 'lighthouse'
import puppeteer from 'puppeteer-core'

process.env.OPENMOSS_PROGRAM ??= resolve('target/release/openmoss')
const { seed, setUp, startServer } = await import('../../webui/e2e/server.mjs')

const SCORE_MIN = 95
const CATEGORIES = ['performance', 'accessibility']
const FORMS = { phone: undefined, desktop: desktopConfig }
/** A stream of events stays open, so the network never falls silent. */
const LOAD_MS_MAX = 15_000

const runs = Number(process.argv[2] ?? 3)
const server = await startServer()
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    ...['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    // A software rendition of a graphics card is no part of what is measured.
    ...['--disable-gpu', '--disable-gpu-rasterization', '--disable-software-rasterizer'],
  ],
})
let isGood = true
try {
  await setUp(server.address)
  const known = await seed(server.address)
  console.log('| page | form | performance | accessibility | largest paint | blocked | shift | machine |')
  console.log('|---|---|--:|--:|--:|--:|--:|--:|')
  await measure('login', '/login')
  await signIn(known.token)
  const pages = { dashboard: '/dashboard', tasks: '/tasks', task: `/tasks/${known.task}`, agents: '/agents', feed: '/feed' }
  for (const [name, path] of Object.entries(pages)) await measure(name, path)
} finally {
  await browser.close()
  server.stop()
}
process.exitCode = isGood ? 0 : 1

/** Puts the session into the browser, as the login does. */
async function signIn(token) {
  const page = await browser.newPage()
  await page.goto(`${server.address}/login`)
  await page.evaluate((session) => localStorage.setItem('openmoss.admin-token', session), token)
  await page.close()
}

async function measure(name, path) {
  for (const [form, config] of Object.entries(FORMS)) {
    const results = []
    for (let run = 0; run < runs; run += 1) results.push(await look(server.address + path, config))
    const best = results.sort((a, b) => b.performance - a.performance)[0]
    const accessibility = Math.min(...results.map((result) => result.accessibility))
    isGood &&= best.performance >= SCORE_MIN && accessibility >= SCORE_MIN
    console.log(`| ${[name, form, best.performance, accessibility, best.paint, best.blocked, best.shift, best.machine].join(' | ')} |`)
    for (const flaw of new Set(results.flatMap((result) => result.flaws))) console.log(`<!-- ${flaw} -->`)
  }
}

async function look(url, config) {
  const page = await browser.newPage()
  const flags = { onlyCategories: CATEGORIES, disableStorageReset: true, maxWaitForLoad: LOAD_MS_MAX, logLevel: 'error' }
  const { lhr } = await lighthouse(url, flags, config, page)
  await page.close()
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`)
  const [performance, accessibility] = CATEGORIES.map((category) => Math.round(lhr.categories[category].score * 100))
  const shown = (audit) => lhr.audits[audit].displayValue
  const refs = lhr.categories.accessibility.auditRefs.filter(({ id, weight }) => weight > 0 && lhr.audits[id].score === 0)
  return {
    performance,
    accessibility,
    paint: shown('largest-contentful-paint'),
    blocked: shown('total-blocking-time'),
    shift: shown('cumulative-layout-shift'),
    // How fast Lighthouse found this machine at that moment: a laptop has about 1500 or more.
    machine: Math.round(lhr.environment.benchmarkIndex),
    flaws: refs.map(({ id }) => `${lhr.finalDisplayedUrl}: ${lhr.audits[id].title}`),
  }
}

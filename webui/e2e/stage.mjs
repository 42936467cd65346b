// The real program and a real browser, and what is looked at on every page.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, afterEach } from 'node:test'
import { chromium } from 'playwright-core'
import { startServer } from './server.mjs'

/** The short form opens each page in two views instead of eight, and keeps no screenshots. */
export const IS_SHORT = Boolean(process.env.BROWSER_SHORT)

const SCREENSHOTS = '../target/screenshots'
/** The first one has no windows to draw, and needs a third less. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? BROWSERS.find(existsSync),
  headless: true,
  args: [
    '--no-sandbox',
    // Without these, pictures are computed by a software rendition of a graphics card: most of the time went there.
    '--disable-gpu',
    '--disable-gpu-rasterization',
    '--disable-software-rasterizer',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
/** On a machine that builds something else beside it, all takes long. */
const WAIT_MS_MAX = 180_000
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

mkdirSync(SCREENSHOTS, { recursive: true })
export const server = await startServer()
const browser = await chromium.launch(CHROMIUM)
const contexts = []
// A page that stays open goes on to listen and to draw.
afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())))
after(async () => {
  await browser.close()
  server.stop()
})

/** A page that remembers everything that went wrong on it. Nothing moves, so that nothing must be waited for. */
export async function openPage(options = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS_MAX)
  const wrong = []
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  page.on('pageerror', (error) => wrong.push(error.message))
  return { page, wrong }
}

/** Puts the session into the browser, as the login does. */
export async function openSignedIn(token, options = {}) {
  const opened = await openPage(options)
  await opened.page.context().addInitScript((session) => localStorage.setItem('openmoss.admin-token', session), token)
  return opened
}

/** Waits until nothing is loading any more. */
export async function settle(page) {
  await page.locator('h1').first().waitFor()
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
  await page.waitForFunction(allNodesAreShown)
  await page.waitForTimeout(100)
}

/** Runs in the page: a graph keeps its nodes hidden until it has measured them. */
function allNodesAreShown() {
  const isShown = (node) => getComputedStyle(node).visibility === 'visible'
  const graphs = [...document.querySelectorAll('.vue-flow')].map((graph) => [...graph.querySelectorAll('.vue-flow__node')])
  return graphs.every((nodes) => nodes.length > 0 && nodes.every(isShown))
}

/** Goes to another page as a link does: without loading the dashboard anew. */
export async function follow(page, path) {
  await page.evaluate((to) => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(to), path)
}

export async function screenshot(page, name, options = {}) {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, ...options })
}

/** Nothing is cut off, and axe finds nothing serious. */
export async function check(page, name) {
  if (!IS_SHORT) await screenshot(page, name, { fullPage: true })
  try {
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`)
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
    assert.deepEqual(await page.evaluate(findViolations), [])
  } catch (cause) {
    await screenshot(page, `${name}-failed`)
    throw cause
  }
}

/** Runs in the page. Style sheets are its own, so there is nothing to be fetched before. */
async function findViolations() {
  const { violations } = await window.axe.run(document, { resultTypes: ['violations'], preload: false })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`)
}

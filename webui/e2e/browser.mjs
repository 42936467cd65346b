// Drives the real program in a real browser: the dashboard's page and Swagger UI.
// Run with `npm run browser` after `cargo build --release`; screenshots go to target/screenshots.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { PASSWORD, setUp, startServer } from './server.mjs'

const SCREENSHOTS = '../target/screenshots'
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
const WIDTHS = [390, 1440]
const SCHEMES = ['light', 'dark']

mkdirSync(SCREENSHOTS, { recursive: true })
const server = await startServer()
const browser = await chromium.launch(CHROMIUM)
test.after(async () => {
  await browser.close()
  server.stop()
})

/** A page that remembers everything that went wrong on it. */
async function openPage(options = {}) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const wrong = []
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  page.on('pageerror', (error) => wrong.push(error.message))
  return { page, wrong }
}

test('before the setup the page says what to do', async () => {
  const { page, wrong } = await openPage()
  await page.goto(server.address)
  await page.getByText('/api/setup/initialize').first().waitFor()
  await page.screenshot({ path: `${SCREENSHOTS}/setup.png`, fullPage: true })
  assert.deepEqual(wrong, [])
})

const known = {}
test('the setup works over the API', async () => {
  Object.assign(known, await setUp(server.address))
})

for (const width of WIDTHS) {
  for (const colorScheme of SCHEMES) {
    test(`the admin signs in and sees counts at ${width} px, ${colorScheme}`, async () => {
      const { page, wrong } = await openPage({ colorScheme, viewport: { width, height: 900 } })
      await page.goto(server.address)
      await page.getByRole('heading', { name: 'Browser test' }).first().waitFor()
      await page.locator('input[type=password]').fill(PASSWORD)
      await page.locator('input[type=password]').press('Enter')
      await page.getByText(/pending/i).first().waitFor()
      await page.screenshot({
        path: `${SCREENSHOTS}/overview-${width}-${colorScheme}.png`,
        fullPage: true,
      })
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth,
      )
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`)
      assert.deepEqual(wrong, [])
    })
  }
}

/** Puts a credential into Swagger UI's dialog under the scheme of this name. */
async function authorize(page, scheme, value) {
  await page.locator('.auth-wrapper .authorize').first().click()
  const box = page.locator('.auth-container', { hasText: scheme }).first()
  await box.locator('input').fill(value)
  await box.getByRole('button', { name: /apply|authorize/i }).click()
  await page.locator('.btn-done').first().click()
}

/** Opens an operation, changes its body if one is given, executes it, and returns the status. */
async function execute(page, operation, body) {
  const block = page.locator(`[id$="-${operation}"]`)
  await block.locator('.opblock-summary-control').first().click()
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body))
  await block.getByRole('button', { name: 'Execute' }).click()
  const status = block.locator('.live-responses-table .response-col_status').nth(1)
  await status.waitFor()
  return (await status.textContent()).trim().slice(0, 3)
}

test('Swagger UI makes one call with each kind of credential', async () => {
  const { page, wrong } = await openPage({ viewport: { width: 1440, height: 1000 } })
  await page.goto(`${server.address}/docs/`)
  await page.getByText('list_tasks').or(page.locator('[id$="-list_tasks"]')).first().waitFor()
  await authorize(page, 'agent ', known.key)
  assert.equal(await execute(page, 'list_tasks'), '200')
  await authorize(page, 'X-Admin-Token', known.token)
  assert.equal(await execute(page, 'overview'), '200')
  await authorize(page, 'X-Registration-Token', known.registration)
  const agent = { name: 'swagger', role: 'executor', description: '' }
  assert.equal(await execute(page, 'register_agent', agent), '200')
  await page.screenshot({ path: `${SCREENSHOTS}/docs.png` })
  assert.deepEqual(wrong, [])
})

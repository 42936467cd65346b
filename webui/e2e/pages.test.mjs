// Opens every page of the dashboard at each width, in light and dark, in each language: nothing goes wrong, nothing is
// too wide, nothing is hard to use. Run with `npm run browser` after `cargo build --release`; screenshots go to
// target/screenshots.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { call, seed, setUp } from './server.mjs'
import { check, follow, IS_SHORT, openPage, openSignedIn, server, settle } from './stage.mjs'

const WIDTHS = [390, 1440]
const SCHEMES = ['light', 'dark']
const LOCALES = ['en-US', 'zh-CN']
const VIEWS = WIDTHS.flatMap((width) => SCHEMES.flatMap((colorScheme) => LOCALES.map((locale) => ({ width, colorScheme, locale }))))

let known
before(async () => {
  await setUp(server.address)
  known = await seed(server.address)
})

const pages = () => ({
  dashboard: '/dashboard',
  tasks: '/tasks',
  'task-list': `/tasks/${known.task}`,
  'task-board': `/tasks/${known.task}?view=board`,
  'task-graph': `/tasks/${known.task}?view=graph`,
  'sub-task': `/tasks/${known.task}?sub=${known.done}`,
  'sub-task-results': `/tasks/${known.task}?sub=${known.done}&part=results`,
  'sub-task-history': `/tasks/${known.task}?sub=${known.blocked}&part=history`,
  'sub-task-notes': `/tasks/${known.task}?sub=${known.blocked}&part=notes`,
  'sub-task-schedule': `/tasks/${known.task}?sub=${known.recurring}`,
  agents: '/agents',
  agent: `/agents/${known.agent}`,
  'agent-profile': `/agents/${known.agent}?part=profile`,
  feed: '/feed',
  'feed-interactions': '/feed?view=interactions',
  reviews: '/reviews',
  review: `/reviews?review=${known.review}`,
  scores: '/scores',
  'score-changes': '/scores?view=changes',
  logs: '/logs',
  'logs-requests': '/logs?view=requests',
  'logs-of-agent': `/logs?view=requests&agent=${known.agent}`,
  patrol: '/patrol',
  'patrol-record': `/patrol?record=${known.record}`,
  'agent-wake': `/agents/${known.agent}?part=wake`,
  'agent-new': '/agents/new',
  'agent-connect': `/agents/new?agent=${known.agent}`,
  notifications: '/notifications',
  settings: '/settings',
  access: '/settings?part=access',
  prompts: '/prompts',
  'prompt-templates': '/prompts?part=templates',
  'prompt-rules': '/prompts?part=rules',
  prompt: '/prompts/agents/executor-ada',
  'prompt-whole': '/prompts/agents/executor-ada?part=whole',
  'prompt-template': '/prompts/templates/executor',
  'prompt-rule': '/prompts/rules/global',
  skills: '/skills',
  skill: '/skills/wordpress-skill',
  'skill-script': '/skills/wordpress-skill?file=wordpress.py',
  about: '/about',
  usage: '/usage',
  'usage-budgets': '/usage?view=budgets',
  'not-found': '/no-such-page',
})

/** In the short form each page is opened in two views that have nothing in common: so each value is met on each page. */
const isWanted = (page, view) => !IS_SHORT || page % (VIEWS.length / 2) === Math.min(view, VIEWS.length - 1 - view)

for (const [view, { width, colorScheme, locale }] of VIEWS.entries()) {
  const options = { colorScheme, locale, viewport: { width, height: 900 } }
  const suffix = `${width}-${colorScheme}-${locale}`

  test(`every page at ${width} px, ${colorScheme}, ${locale}`, async () => {
    const { page, wrong } = await openSignedIn(known.token, options)
    const wanted = Object.entries(pages()).filter((_, index) => isWanted(index, view))
    for (const [index, [name, path]] of wanted.entries()) {
      if (IS_SHORT && index > 0) await follow(page, path)
      else await page.goto(server.address + path)
      await settle(page)
      await check(page, `${name}-${suffix}`)
      assert.deepEqual(wrong, [], path)
    }
    assert.equal(await page.evaluate(() => window.harmed), undefined)
  })

  if (!isWanted(0, view)) continue
  test(`the login at ${width} px, ${colorScheme}, ${locale}`, async () => {
    const { page, wrong } = await openPage(options)
    await page.goto(`${server.address}/login`)
    await settle(page)
    await check(page, `login-${suffix}`)
    assert.deepEqual(wrong, [])
  })
}

test('the feed opens without a session only while it is public, and shows nothing that was written', async () => {
  const { page: stranger } = await openPage()
  await stranger.goto(`${server.address}/feed`)
  await stranger.waitForURL(/login\?next=\/feed/)
  await call('PUT', server.address, '/api/admin/config', { webui: { public_feed: true } }, known.admin)
  const views = VIEWS.filter(({ locale }) => locale === 'en-US').filter((_, index) => !IS_SHORT || index % 3 === 0)
  for (const { width, colorScheme, locale } of views) {
    const { page, wrong } = await openPage({ colorScheme, locale, viewport: { width, height: 900 } })
    await page.goto(`${server.address}/feed`)
    await settle(page)
    await page.getByText('handed in work').first().waitFor()
    await check(page, `feed-public-${width}-${colorScheme}`)
    assert.equal(await page.getByText(/Which year|Some bold text/).count(), 0)
    assert.deepEqual(wrong, [])
  }
  await call('PUT', server.address, '/api/admin/config', { webui: { public_feed: false } }, known.admin)
})

import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { useRouter } from 'vue-router'
import { surroundings } from '../testing/mount'
import { useListState } from './useListState'

const NO_FILTERS = { keyword: '', status: 'open' }

async function listAt(address: string) {
  const used: { list?: ReturnType<typeof useListState<typeof NO_FILTERS, 'name', { record: string }>>; router?: ReturnType<typeof useRouter> } = {}
  const component = {
    setup() {
      used.list = useListState(NO_FILTERS, 'name', { record: '' })
      used.router = useRouter()
      return () => undefined
    },
  }
  const around = surroundings()
  await around.plugins[2].push(address)
  mount(component, { global: around })
  const { list, router } = used
  if (list === undefined || router === undefined) throw new Error('not set up')
  return { list, query: () => router.currentRoute.value.query }
}

test('filters, order and page come from the address', async () => {
  const { list } = await listAt('/?keyword=ferry&page=3&sort_by=score&sort_order=asc')
  expect(list.models.keyword.value).toBe('ferry')
  expect(list.page.value).toEqual({ page: 3, page_size: 25 })
  expect(list.sort.value).toEqual({ by: 'score', order: 'asc' })
  expect(list.isFiltered.value).toBe(true)
})

test('another filter begins at the first page, what is opened stays where it is', async () => {
  const { list, query } = await listAt('/?page=3')
  list.open({ record: 'r' })
  await flushPromises()
  expect(query()).toEqual({ page: '3', record: 'r' })
  list.models.status.value = 'done'
  await flushPromises()
  expect(query()).toEqual({ record: 'r', status: 'done' })
  list.table.value.onPage(2)
  await flushPromises()
  expect(query()).toEqual({ record: 'r', status: 'done', page: '2' })
})

test('all is shown again without what was filtered, in the same order', async () => {
  const { list, query } = await listAt('/?keyword=ferry&status=done&sort_by=score')
  list.showAll()
  await flushPromises()
  expect(query()).toEqual({ sort_by: 'score' })
  expect(list.isFiltered.value).toBe(false)
})

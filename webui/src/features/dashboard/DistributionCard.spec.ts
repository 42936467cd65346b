import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { surroundings } from '../../testing/mount'
import { AGENT_STATUS, ROLE } from '../../vocabulary'
import { slices } from './distribution'
import DistributionCard from './DistributionCard.vue'

test('every status is listed, in the order of the vocabulary, also where the count is missing', () => {
  expect(slices(ROLE, { executor: 7 }).map(({ key, count }) => [key, count])).toEqual([
    ['planner', 0],
    ['executor', 7],
    ['reviewer', 0],
    ['patrol', 0],
  ])
})

test('the list says in words what the bar shows', () => {
  const card = mount(DistributionCard, {
    props: { title: 'Agents', slices: slices(AGENT_STATUS, { active: 1200, disabled: 0 }) },
    global: surroundings(),
  })
  expect(card.get('section').attributes('aria-labelledby')).toBe(card.get('h3').attributes('id'))
  expect(card.findAll('dt').map((term) => term.text())).toEqual(['Active', 'Disabled'])
  expect(card.findAll('dd').map((count) => count.text())).toEqual(['1,200', '0'])
  expect(card.text()).toContain('1,200 in all')
  expect(card.findAll('[aria-hidden=true] > div')).toHaveLength(1)
})

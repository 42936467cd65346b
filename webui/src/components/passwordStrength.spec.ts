import { expect, test } from 'vitest'
import { strength } from './passwordStrength'

test.each([
  ['', 'weak'],
  ['aaaaaaaaaaaaaaaa', 'weak'],
  ['abcdefghijklmnop', 'weak'],
  ['Password1234', 'weak'],
  ['admin123', 'weak'],
  ['f8Kq2zPw', 'fair'],
  ['mole-cart-84', 'good'],
  ['correct horse battery staple', 'strong'],
  ['山高月小水落石出曾日月', 'good'],
])('"%s" is %s', (password, level) => {
  expect(strength(password)).toBe(level)
})

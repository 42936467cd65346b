import { expect, test } from 'vitest'
import { FACE_NAMES, faceOf, namedFace } from './faces'

test('the faces that can be chosen differ from each other', () => {
  const faces = FACE_NAMES.map((name) => JSON.stringify(namedFace(name)))
  expect(new Set(faces).size).toBe(FACE_NAMES.length)
})

test.each(['🦀', '', 'face-0', 'face-13', 'face-01'])('%s is no drawn face', (avatar) => {
  expect(namedFace(avatar)).toBeUndefined()
})

test('an id has always the same face, and many ids have many', () => {
  const ids = Array.from({ length: 100 }, (_, n) => `019ac8f0-7e2a-7000-8000-0000000000${String(n).padStart(2, '0')}`)
  const faces = ids.map((id) => JSON.stringify(faceOf(id)))
  expect(ids.map((id) => JSON.stringify(faceOf(id)))).toEqual(faces)
  expect(new Set(faces).size).toBeGreaterThan(50)
  expect(new Set(ids.map((id) => faceOf(id).tone)).size).toBe(5)
})

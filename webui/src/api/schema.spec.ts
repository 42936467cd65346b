import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'

const DOCUMENT = '../openapi/openapi.json'
const GENERATED = 'src/api/schema.gen.ts'

test('there are generated types exactly if there is an OpenAPI document', () => {
  expect(existsSync(GENERATED)).toBe(existsSync(DOCUMENT))
})

test.runIf(existsSync(DOCUMENT))('the generated types are those of the OpenAPI document; else `npm run api`', () => {
  expect(() => execFileSync('npm', ['run', '--silent', 'api', '--', '--check'], { stdio: 'pipe' })).not.toThrow()
}, 60_000)

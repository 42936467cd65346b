import { expect, test } from 'vitest'
import { setupCommand } from './setupCommand'

test('the command stays one shell word for the body, whatever is in it', () => {
  const command = setupCommand('http://localhost:6565', {
    admin_password: "it's me",
    project_name: 'Desk',
    workspace_root: '/srv',
  })
  expect(command).toBe(
    [
      "curl -X POST 'http://localhost:6565/api/setup/initialize' \\",
      "  -H 'Content-Type: application/json' \\",
      "  -d '{",
      String.raw`  "admin_password": "it'\''s me",`,
      '  "project_name": "Desk",',
      '  "workspace_root": "/srv"',
      "}'",
    ].join('\n'),
  )
})

export interface SetupBody {
  admin_password: string
  project_name: string
  workspace_root: string
}

/** The call that sets the server up, for a POSIX shell. */
export function setupCommand(origin: string, body: SetupBody): string {
  const lines = JSON.stringify(body, undefined, 2).replaceAll("'", String.raw`'\''`)
  return [
    `curl -X POST '${origin}/api/setup/initialize' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${lines}'`,
  ].join('\n')
}

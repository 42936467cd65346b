const HOME = '/dashboard'

/** Where to go after the login: only ever to a page of this dashboard. */
export function nextPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : HOME
}

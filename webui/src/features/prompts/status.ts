import type { Schemas } from '../../api/client'
import type { Presentation } from '../../vocabulary'

/** How a prompt's file is. */
export const PROMPT_STATUS: Record<Schemas['PromptStatus'], Presentation> = {
  ok: { label: 'prompts.status.ok', tone: 'good' },
  rename_suggested: { label: 'prompts.status.rename_suggested', tone: 'caution' },
  unconfigured: { label: 'prompts.status.unconfigured', tone: 'caution' },
  unreadable: { label: 'prompts.status.unreadable', tone: 'danger' },
}

/** A file name from what somebody calls the agent: of `a-z`, `0-9` and `-`. Empty where nothing of it can stay. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
}

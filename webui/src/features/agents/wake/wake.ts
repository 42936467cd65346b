import type { Schemas } from '../../../api/client'
import type { MessageKey } from '../../../i18n'

export type WakeKind = Schemas['WakeKind']

export interface WakeDraft {
  kind: WakeKind
  url: string
  secret: string
  /** What the agent is called in its OpenClaw. */
  runtimeAgent: string
  /** The mapped hook of the gateway. */
  hook: string
}

export const WAKE_KIND: Record<WakeKind, MessageKey> = {
  openclaw: 'wake.kind.openclaw',
  webhook: 'wake.kind.webhook',
}

/** Begins with what holds. The address of a webhook is a secret that comes masked: it is written whole or not at all. */
export function draftOf({ kind, url, runtime_agent, hook }: Schemas['WakeTarget'], firstKind: WakeKind): WakeDraft {
  return {
    kind: kind ?? firstKind,
    url: kind === 'webhook' ? '' : (url ?? ''),
    secret: '',
    runtimeAgent: runtime_agent ?? '',
    hook: hook ?? '',
  }
}

/** An empty secret is left out: the one that is set stays. */
export function bodyOf(draft: WakeDraft): Schemas['WakeTargetChange'] {
  const [runtime_agent, hook] = draft.kind === 'openclaw' ? [draft.runtimeAgent.trim(), draft.hook.trim()] : ['', '']
  return {
    kind: draft.kind,
    url: draft.url.trim(),
    ...(draft.secret === '' ? {} : { secret: draft.secret }),
    ...(runtime_agent === '' ? {} : { runtime_agent }),
    ...(hook === '' ? {} : { hook }),
  }
}

/** What OpenClaw's configuration must say so that its gateway takes the wake-up. */
export function gatewayConfig({ runtimeAgent, hook }: WakeDraft): string {
  const [agent, path] = [runtimeAgent.trim() || 'main', hook.trim()]
  if (path === '') return `hooks: { enabled: true, token: "…", allowedAgentIds: [${JSON.stringify(agent)}] }`
  const mapping = [
    `id: ${JSON.stringify(path)}, match: { path: ${JSON.stringify(path)} }, action: "agent", agentId: ${JSON.stringify(agent)},`,
    'deliver: false, allowUnsafeExternalContent: true,',
    'messageTemplate: "Run your openmoss skill: next ({{action}})",',
  ]
  return ['hooks: {', '  enabled: true, token: "…",', '  mappings: [{', ...mapping.map((line) => `    ${line}`), '  }],', '}'].join('\n')
}

const DELIVERED_BY_SERVER = ['webhook', 'slack', 'discord', 'feishu', 'lark', 'email']

export interface Channel {
  /** As the settings show it: secrets are masked. */
  entry: string
  kind: string
  target: string
  /** The others are read by agents, who deliver by themselves. */
  isOfServer: boolean
}

export function channelOf(entry: string): Channel {
  const colon = entry.indexOf(':')
  const kind = colon < 0 ? '' : entry.slice(0, colon)
  return { entry, kind, target: entry.slice(colon + 1), isOfServer: DELIVERED_BY_SERVER.includes(kind) }
}

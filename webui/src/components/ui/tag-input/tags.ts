/** Tags with those that are written in `text`, separated by commas; each is there once, in whatever case. */
export function withTags(tags: readonly string[], text: string): string[] {
  const all = [...tags]
  for (const part of text.split(/[,，、\n]/)) {
    const tag = part.trim()
    const isThere = all.some((one) => one.toLowerCase() === tag.toLowerCase())
    if (tag !== '' && !isThere) all.push(tag)
  }
  return all
}

/** Enough for what is cut after a line or three. */
const CHARS_MAX = 400

/** The beginning of a Markdown text in one line, without its marks. */
export function excerpt(text: string): string {
  return text
    .slice(0, CHARS_MAX)
    .replace(/^\s*(#{1,6}|[-*+>]|\d+\.)\s+/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*|__|~~|`+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

import DOMPurify from 'dompurify'
import { Marked } from 'marked'

const ALLOWED_TAGS = [
  ...['a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'input', 'li', 'ol'],
  ...['p', 'pre', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'],
]
const ALLOWED_ATTR = ['href', 'title', 'checked', 'disabled', 'type', 'start']

/** Markup that is written out is shown as the text that it is; so a browser never even reads it. */
const marked = new Marked({ async: false, gfm: true, renderer: { html: ({ text }) => escaped(text) } })

/**
 * What agents and people wrote, as nodes that can do no harm: no scripts, styles, images or frames
 * get through, and links leave in a tab of their own that does not know where it came from.
 */
export function renderMarkdown(text: string): DocumentFragment {
  return render(text, true)
}

/** The same of a file: its lines were wrapped by hand, and its front matter is data instead of a heading. */
export function renderMarkdownFile(text: string): DocumentFragment {
  return render(withFrontMatterAsCode(text), false)
}

function render(text: string, breaks: boolean): DocumentFragment {
  const html = marked.parse(text, { breaks }) as string
  const fragment = DOMPurify.sanitize(html, { ALLOWED_TAGS, ALLOWED_ATTR, RETURN_DOM_FRAGMENT: true })
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank'
    link.rel = 'noopener noreferrer'
  }
  // What scrolls must be within reach of the keyboard.
  for (const block of fragment.querySelectorAll<HTMLElement>('pre, table')) block.tabIndex = 0
  // The only inputs of Markdown are the boxes of a list of things to do.
  for (const input of fragment.querySelectorAll('input')) {
    if (input.type === 'checkbox') input.disabled = true
    else input.remove()
  }
  return fragment
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** The text with its front matter, if it has any, as a block of code. */
export function withFrontMatterAsCode(text: string): string {
  return text.replace(/^---\r?\n([\s\S]*?\n)---\r?(\n|$)/, '```yaml\n$1```\n')
}

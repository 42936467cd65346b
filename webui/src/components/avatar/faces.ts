import type { Tone } from '../../vocabulary'

/** A face that is drawn: no file and no other host is asked for it. */
export interface Face {
  tone: Tone
  eyes: number
  mouth: number
  top: number
}

// Colours that warn of nothing, and are nobody's status.
const TONES: readonly Tone[] = ['ready', 'working', 'checking', 'good', 'caution']
export const EYES = 4
export const MOUTHS = 3
export const TOPS = 4

/** The faces that can be chosen, by the names that the server knows. */
export const FACE_NAMES: readonly string[] = Array.from({ length: 12 }, (_, index) => `face-${index + 1}`)

/** The face of this name; undefined for an emoji. */
export function namedFace(avatar: string): Face | undefined {
  const index = FACE_NAMES.indexOf(avatar)
  // Eyes and mouths alone tell twelve faces apart.
  return index < 0 ? undefined : { tone: tone(index), eyes: index % EYES, mouth: index % MOUTHS, top: (index + Math.floor(index / TOPS)) % TOPS }
}

/** The face of whoever chose none: always the same for the same id. */
export function faceOf(id: string): Face {
  const hash = hashOf(id)
  const pick = (place: number, count: number) => Math.floor(hash / place) % count
  return {
    tone: tone(hash),
    eyes: pick(TONES.length, EYES),
    mouth: pick(TONES.length * EYES, MOUTHS),
    top: pick(TONES.length * EYES * MOUTHS, TOPS),
  }
}

function tone(number: number): Tone {
  return TONES[number % TONES.length] ?? 'ready'
}

/** FNV-1a with 32 bits, and a last stir: ids that were made one after the other differ in few letters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

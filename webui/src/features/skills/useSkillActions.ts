import { useI18n } from 'vue-i18n'
import { api, read, type Schemas } from '../../api/client'
import { useAction } from '../../composables/useAction'
import { useConfirm } from '../../composables/useConfirm'
import { useToasts } from '../../composables/useToasts'

type Skill = Schemas['Skill']

/** What an admin does with skills, beside editing their files. */
export function useSkillActions() {
  const { t } = useI18n()
  const { confirm } = useConfirm()
  const { toast } = useToasts()

  const uploading = useAction(async (archive: File): Promise<Skill> => {
    // The document says that the body is bytes; openapi-typescript makes a list of numbers of that.
    const body = archive as unknown as number[]
    const headers = { 'Content-Type': 'application/zip' }
    const skill = await read(api.POST('/api/admin/skills', { body, headers, bodySerializer: () => archive }))
    toast(t('skills.uploaded', { name: skill.name, version: skill.version }))
    return skill
  })

  const downloading = useAction(async (name: string): Promise<void> => {
    const archive = await read(api.GET('/api/skills/{name}/zip', { params: { path: { name } }, parseAs: 'blob' }))
    saveAs(archive, `${name}.zip`)
  })

  /** Resolves with whether it was done. */
  const removing = useAction(async (name: string): Promise<boolean> => {
    const question = { title: t('skills.deleteTitle', { name }), text: t('skills.deleteText'), action: t('skills.delete') }
    if (!(await confirm({ ...question, isDangerous: true }))) return false
    await read(api.DELETE('/api/admin/skills/{name}', { params: { path: { name } } }))
    toast(t('skills.deleted', { name }))
    return true
  })

  return { uploading, downloading, removing }
}

/** A link cannot send the session's token, so the file is fetched first and handed to the browser then. */
function saveAs(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}

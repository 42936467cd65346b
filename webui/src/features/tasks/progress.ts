export interface Counts {
  sub_task_count: number
  done_count: number
  cancelled_count: number
}

/** How much of the work is done, in percent; what was cancelled does not count. */
export function donePercent({ sub_task_count, done_count, cancelled_count }: Counts): number {
  const wanted = sub_task_count - cancelled_count
  return wanted <= 0 ? 0 : (done_count / wanted) * 100
}

/** What an agent did with a call. */
export const calls = {
  call: {
    look: 'looked',
    claim: 'claimed work',
    start: 'started work',
    heartbeat: 'reported progress',
    submit: 'handed in work',
    block: 'is blocked',
    release: 'gave work back',
    note: 'wrote a note',
    review: 'reviewed work',
    patrol: 'reported a finding',
    log: 'wrote into the log',
    plan: 'planned work',
    task: 'moved a task',
    other: 'called',
  },
}

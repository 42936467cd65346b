export const policy = {
  title: 'Rules of this task',
  text: 'They hold for new sub-tasks and for what is handed in from now on.',
  asSet: 'As in the settings',
  required: 'Required',
  free: 'Not required',
  now: 'Now: {what}',
  require_module: 'Module',
  require_description: 'Description',
  require_deliverable: 'Deliverable',
  require_acceptance: 'Acceptance criteria',
  approvals: 'Reviewers who must approve',
}

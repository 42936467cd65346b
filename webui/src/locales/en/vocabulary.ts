/** The words of the domain; vocabulary.ts says where each is shown, and how. */
export const vocabulary = {
  taskStatus: {
    planning: 'Planning',
    active: 'Active',
    in_progress: 'In progress',
    completed: 'Completed',
    archived: 'Archived',
    cancelled: 'Cancelled',
  },
  subTaskStatus: {
    pending: 'Pending',
    assigned: 'Assigned',
    in_progress: 'In progress',
    review: 'In review',
    rework: 'Rework',
    blocked: 'Blocked',
    done: 'Done',
    cancelled: 'Cancelled',
  },
  agentStatus: {
    active: 'Active',
    disabled: 'Disabled',
  },
  role: {
    planner: 'Planner',
    executor: 'Executor',
    reviewer: 'Reviewer',
    patrol: 'Patrol',
  },
  priority: {
    high: 'High',
    medium: 'Medium',
    low: 'Low',
  },
  reviewResult: {
    approved: 'Approved',
    rejected: 'Rejected',
  },
  logAction: {
    plan: 'Plan',
    coding: 'Work',
    delivery: 'Delivery',
    review: 'Review',
    reflection: 'Reflection',
    blocked: 'Blocked',
    patrol: 'Patrol',
  },
}

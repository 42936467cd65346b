export const common = {
  common: {
    close: 'Close',
    cancel: 'Cancel',
    save: 'Save',
    back: 'Back',
    next: 'Next',
    copy: 'Copy',
    copied: 'Copied',
    justNow: 'just now',
    optional: 'optional',
  },
  table: {
    pages: 'Pages of the list',
    range: '{from}–{to} of {total}',
    previous: 'Previous page',
    next: 'Next page',
  },
  error: {
    unreachable: 'The server cannot be reached.',
    unreadable: 'The server sent an answer that the dashboard cannot read.',
    signed_out: 'The session is over.',
    status: 'The server refused with status {status}.',
    retry: 'Try again',
  },
}

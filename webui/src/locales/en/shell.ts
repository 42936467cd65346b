export const shell = {
  app: {
    skip: 'Skip to the content',
    language: 'Language',
    preferences: 'Language and theme',
  },
  theme: {
    title: 'Theme',
    system: 'As the system',
    light: 'Light',
    dark: 'Dark',
  },
  nav: {
    title: 'Navigation',
    work: 'Work',
    record: 'Record',
    manage: 'Manage',
    more: 'More',
  },
  connection: {
    connecting: 'Connecting…',
    live: 'Live',
    lost: 'Connection lost',
  },
  palette: {
    title: 'Search and jump',
    short: 'Search…',
    placeholder: 'A page, a task, a sub-task or an agent',
    pages: 'Pages',
    tasks: 'Tasks',
    subTasks: 'Sub-tasks',
    agents: 'Agents',
    nothing: 'Nothing found',
  },
  toast: {
    title: 'News',
  },
  confirm: {
    type: 'Type “{text}” to go on',
  },
  session: {
    title: 'Sign in',
    text: 'With the admin password of this server.',
    user: 'User',
    password: 'Password',
    missing: 'Enter the password.',
    keep: 'Stay signed in on this device',
    signIn: 'Sign in',
    signOut: 'Sign out',
    overTitle: 'Your session is over',
    overText: 'Sign in again to go on where you are. Nothing that you wrote is lost.',
  },
  notFound: {
    title: 'Page not found',
    text: 'There is nothing at this address. Perhaps it was deleted, or the address is incomplete.',
    home: 'To the dashboard',
  },
}

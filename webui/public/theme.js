// Runs before the first paint, so that a chosen theme never flashes. See src/composables/useTheme.ts.
try {
  const theme = localStorage.getItem('openmoss.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Without storage the theme is the system's.
}

//! What a person sees of the demo while it runs: a bar on a terminal, single lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells on stderr what happens.
pub(super) struct Narrator {
    bar: ProgressBar,
}

impl Narrator {
    /// Begins to tell; the bar is there on a terminal only.
    pub(super) fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{spinner} {elapsed} [{bar:30}] {pos}/{len} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// There is so much to do.
    pub(super) fn set_total(&self, sub_tasks: usize) {
        self.bar.set_length(u64::try_from(sub_tasks).unwrap_or(u64::MAX));
    }

    /// One more is done.
    pub(super) fn note_done(&self, name: &str) {
        self.bar.inc(1);
        self.bar.set_message(name.to_owned());
    }

    /// Something worth a line.
    pub(super) fn say(&self, line: &str) {
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

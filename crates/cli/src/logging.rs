//! Logs go to stderr, so that stdout holds nothing but what a command answers.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Which variables choose what is logged; the first one that is set wins.
const VARIABLES: [&str; 2] = ["OPENMOSS_LOG", "RUST_LOG"];

/// Starts logging. `default` holds while no variable says otherwise.
pub(crate) fn start(default: &str) {
    let chosen = VARIABLES.iter().find_map(|name| {
        let text = std::env::var(name).ok().filter(|text| !text.trim().is_empty())?;
        Some((*name, text))
    });
    let (filter, complaint) = match chosen {
        None => (EnvFilter::new(default), None),
        Some((name, text)) => match EnvFilter::try_new(&text) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new(default), Some(format!("{name}: {error}"))),
        },
    };
    let has_colours = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(has_colours)
        .with_target(false)
        .init();
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}; logging with {default:?} instead");
    }
}

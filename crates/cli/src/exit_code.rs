//! How the program ends.

use std::process::ExitCode as ProcessExitCode;

/// The documented exit codes, see `openmoss --help` and docs/cli.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Done.
    Done = 0,
    /// Refused, failed, or something was found.
    Failed = 1,
    /// The command line, or a value in it, is wrong. Clap uses the same number.
    Usage = 2,
    /// The configuration is wrong.
    Configuration = 3,
    /// What the command names does not exist.
    NotFound = 4,
    /// The state of things does not allow it.
    Conflict = 5,
    /// The database cannot be used.
    DatabaseUnavailable = 6,
    /// Ended by a signal before it was done.
    Interrupted = 130,
}

/// The table of exit codes, for `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
    0  done
    1  refused or failed; a check found something
    2  the command line, or a value in it, is wrong
    3  the configuration is wrong
    4  what the command names does not exist
    5  the state of things does not allow it
    6  the database cannot be used
  130  ended by a signal before it was done";

impl ExitCode {
    /// The number itself.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ExitCode; 8] = [
        ExitCode::Done,
        ExitCode::Failed,
        ExitCode::Usage,
        ExitCode::Configuration,
        ExitCode::NotFound,
        ExitCode::Conflict,
        ExitCode::DatabaseUnavailable,
        ExitCode::Interrupted,
    ];

    /// The rows of the table in a text whose columns end at `separator`: number, meaning.
    fn rows(text: &str, separator: &str) -> Vec<(u8, String)> {
        let row = |line: &str| {
            let (number, meaning) = line.trim().trim_matches('|').trim().split_once(separator)?;
            Some((number.trim().parse().ok()?, meaning.trim().to_owned()))
        };
        text.lines().filter_map(row).collect()
    }

    #[test]
    fn the_help_lists_every_exit_code() {
        let listed: Vec<u8> = rows(TABLE, "  ").into_iter().map(|(number, _)| number).collect();
        assert_eq!(listed, ALL.map(ExitCode::number));
    }

    #[test]
    fn the_documentation_has_the_same_table_as_the_help() {
        let documentation = include_str!("../../../docs/cli.md");
        assert_eq!(rows(documentation, " | "), rows(TABLE, "  "));
    }
}

//! How the planner says what to do, so that executors and the reviewer understand it.

/// A job, as it stands in the first line of a sub-task's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Describe this file.
    Describe(String),
    /// Compile the index from what was handed in for the prerequisites.
    Compile,
}

const DESCRIBE: &str = "Describe the file: ";
const COMPILE: &str = "Compile the index of all files";

impl Job {
    /// A sub-task's description.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Describe(path) => format!(
                "{DESCRIBE}{path}\nThe path is below the workspace. Tell its title, its headings \
                 in order, how many words it has without code blocks, how many minutes a person \
                 reads at 200 words a minute, and each relative link that leads nowhere."
            ),
            Self::Compile => format!(
                "{COMPILE}\nTake the approved deliverables of the sub-tasks that this one depends \
                 on. List the files by folder, each exactly once and as a link, and collect the \
                 links that lead nowhere at the end."
            ),
        }
    }

    /// Reads it back.
    pub(super) fn parse(description: &str) -> Option<Self> {
        let first = description.lines().next()?;
        match first.strip_prefix(DESCRIBE) {
            Some(path) => Some(Self::Describe(path.to_owned())),
            None => (first == COMPILE).then_some(Self::Compile),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_planner_says_is_understood() {
        for job in [Job::Describe("a b/ü: x.md".to_owned()), Job::Compile] {
            assert_eq!(Job::parse(&job.to_text()), Some(job));
        }
        assert_eq!(Job::parse("Something else"), None);
    }
}

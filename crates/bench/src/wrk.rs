//! The load generator for requests that are always the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::server::{Server, own_cpu};
use crate::stats::Load;

const INSTALL: &str = "wrk is needed: apt-get install wrk (Debian, Ubuntu), brew install wrk";
/// Stands before the numbers that our script prints.
const MARK: &str = "openmoss-bench:";
/// What `wrk` reports, as one line: its text for people has no exact numbers.
const DONE: &str = r#"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("openmoss-bench: %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"#;

/// What to ask for.
pub(crate) struct Questions<'a> {
    /// Each is asked in turn.
    pub(crate) paths: &'a [String],
    /// The header that says who asks.
    pub(crate) header: Option<(&'static str, String)>,
    pub(crate) connections: u16,
}

/// Says how to get `wrk` if it is not there.
pub(crate) fn check() -> Result<()> {
    // It has no flag for its version that succeeds; being there is enough.
    Command::new("wrk").arg("--version").output().context(INSTALL).map(drop)
}

/// Asks for as long as `load`, after a warm-up.
pub(crate) fn run(
    server: &Server,
    questions: &Questions<'_>,
    load: Duration,
    dir: &Path,
) -> Result<Load> {
    let script = write_script(questions, dir)?;
    ask(server, questions.connections, Duration::from_secs(1), &script)?;
    let (server_before, own_before) = (server.cpu()?, own_cpu()?);
    let mut measured = ask(server, questions.connections, load, &script)?;
    let seconds = load.as_secs_f64();
    measured.server_cpu = (server.cpu()? - server_before) / seconds;
    measured.generator_cpu = (own_cpu()? - own_before) / seconds;
    Ok(measured)
}

fn ask(server: &Server, connections: u16, load: Duration, script: &Path) -> Result<Load> {
    let output = Command::new("wrk")
        // One thread asks for more than two processors can answer.
        .args(["-t", "1", "-c", &connections.to_string()])
        .args(["-d", &format!("{}s", load.as_secs()), "--timeout", "10s", "-s"])
        .arg(script)
        .arg(&server.url)
        .output()
        .context(INSTALL)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(MARK));
    let Some(line) = line else {
        bail!("wrk failed: {}{text}", String::from_utf8_lossy(&output.stderr));
    };
    parse(line).ok_or_else(|| anyhow!("wrk said {line:?}"))
}

/// Requests, then durations in microseconds, then errors.
fn parse(line: &str) -> Option<Load> {
    let numbers: Vec<u32> =
        line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[requests, duration, p50, p99, errors] = numbers.as_slice() else {
        return None;
    };
    Some(Load {
        rate: f64::from(requests) / (f64::from(duration) / 1e6),
        p50: Duration::from_micros(p50.into()),
        p99: Duration::from_micros(p99.into()),
        errors: errors.into(),
        ..Load::default()
    })
}

fn write_script(questions: &Questions<'_>, dir: &Path) -> Result<PathBuf> {
    let mut text = String::new();
    if let Some((name, value)) = &questions.header {
        writeln!(text, "wrk.headers[\"{name}\"] = \"{value}\"")?;
    }
    match questions.paths {
        [path] => writeln!(text, "wrk.path = \"{path}\"")?,
        paths => {
            text.push_str("local requests, at = {}, 0\nlocal paths = {\n");
            for path in paths {
                writeln!(text, "  \"{path}\",")?;
            }
            // Each request is put together once, not whenever it is sent.
            text.push_str(
                "}\ninit = function()\n  for i, path in ipairs(paths) do requests[i] = \
                 wrk.format(\"GET\", path) end\nend\nrequest = function()\n  at = at % #requests \
                 + 1\n  return requests[at]\nend\n",
            );
        }
    }
    text.push_str(DONE);
    let path = dir.join("wrk.lua");
    std::fs::write(&path, text)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_read() {
        let load = parse(" 400000 4000000 120 900 3").unwrap();
        assert!((load.rate - 100_000.0).abs() < 1e-6);
        assert_eq!((load.p50, load.errors), (Duration::from_micros(120), 3));
        assert!(parse(" 1 2 3").is_none());
    }
}

//! What it was measured on: numbers without a machine mean nothing.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::stats::percentile;

/// How many times the disk is asked to keep something.
const SYNCS: usize = 200;

/// Lines about this machine.
pub(crate) fn describe(dir: &Path) -> Result<Vec<String>> {
    let cpus = std::thread::available_parallelism()?;
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(|| "unknown".to_owned(), |kib| format!("{} GiB", kib / (1 << 20)));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (p50, p99) = sync_times(dir)?;
    Ok(vec![
        format!("{cpus} × {model}, shared by server and load; {memory} of memory"),
        format!("Linux {}; load average before: {}", kernel.trim(), load_average()),
        format!(
            "Disk: write and fdatasync of 4 KiB: p50 {:.2} ms, p99 {:.2} ms",
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3
        ),
    ])
}

/// How busy the machine was in the last minute.
pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a durable commit costs here at least.
fn sync_times(dir: &Path) -> Result<(Duration, Duration)> {
    let path = dir.join("sync-probe");
    let mut file = File::create(&path)?;
    let page = [0x5a; 4096];
    let mut samples = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&page)?;
        file.sync_data()?;
        samples.push(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok((percentile(&mut samples, 0.5), percentile(&mut samples, 0.99)))
}

//! Numbers from samples.

use std::time::Duration;

/// What a load came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    /// In a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Answers other than 200, and connections that failed.
    pub(crate) errors: u64,
    /// Processors that the server kept busy, and those that the load generator did.
    pub(crate) server_cpu: f64,
    pub(crate) generator_cpu: f64,
}

/// The sample below which `share` of all samples lie; sorts them.
pub(crate) fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into samples, of which there are not 2^52"
    )]
    let index = (share * samples.len().saturating_sub(1) as f64).round() as usize;
    samples.get(index).copied().unwrap_or_default()
}

/// Measures `times` times and gives the run in the middle. Errors of all runs count.
pub(crate) fn median<T>(
    times: u8,
    rate: impl Fn(&T) -> f64,
    mut measure: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut runs = (0..times.max(1)).map(|_| measure()).collect::<anyhow::Result<Vec<T>>>()?;
    runs.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
    let middle = runs.len() / 2;
    Ok(runs.swap_remove(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_hundred() {
        let mut samples: Vec<_> = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut samples, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&mut samples, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&mut [], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_median_is_the_run_in_the_middle() {
        let mut rates = [3.0, 1.0, 2.0].into_iter();
        let middle = median(3, |rate| *rate, || Ok(rates.next().unwrap())).unwrap();
        assert!((middle - 2.0).abs() < f64::EPSILON);
    }
}

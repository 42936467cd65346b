//! Rows, and the two forms in which they are printed.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine;
use crate::stats::Load;

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    part: char,
    what: String,
    value: Option<f64>,
    unit: &'static str,
    load: Option<Load>,
    errors: u64,
    aim: Option<Aim>,
    note: String,
}

#[derive(Debug, Clone)]
struct Aim {
    text: String,
    is_met: bool,
}

impl Row {
    /// A load's rate in `unit`.
    pub(crate) fn load(
        part: char,
        what: impl Into<String>,
        unit: &'static str,
        load: Load,
    ) -> Self {
        Self { load: Some(load), errors: load.errors, ..Self::value(part, what, unit, load.rate) }
    }

    pub(crate) fn value(
        part: char,
        what: impl Into<String>,
        unit: &'static str,
        value: f64,
    ) -> Self {
        Self { part, what: what.into(), unit, value: Some(value), ..Self::default() }
    }

    /// Something that was not measured, and why.
    pub(crate) fn skipped(part: char, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { part, what: what.into(), note: why.into(), ..Self::default() }
    }

    pub(crate) fn at_least(mut self, aim: f64) -> Self {
        let is_met = self.value.is_some_and(|value| value >= aim);
        self.aim = Some(Aim { text: format!("≥ {}", number(aim)), is_met });
        self
    }

    pub(crate) fn at_most(mut self, aim: f64) -> Self {
        let is_met = self.value.is_some_and(|value| value <= aim);
        self.aim = Some(Aim { text: format!("≤ {}", number(aim)), is_met });
        self
    }

    /// Half of the answers within so many milliseconds, as an aim.
    pub(crate) fn median_at_most(mut self, milliseconds: f64) -> Self {
        let is_met = self.load.is_some_and(|load| load.p50.as_secs_f64() * 1e3 <= milliseconds);
        self.aim = Some(Aim { text: format!("p50 ≤ {} ms", number(milliseconds)), is_met });
        self
    }

    pub(crate) fn errors(mut self, errors: u64) -> Self {
        self.errors = errors;
        self
    }

    /// Without an error, as an aim.
    pub(crate) fn faultless(mut self) -> Self {
        self.aim = Some(Aim { text: "no error".to_owned(), is_met: self.errors == 0 });
        self
    }

    fn cells(&self) -> [String; 8] {
        let measured = match self.value {
            Some(value) => format!("{} {}", number(value), self.unit),
            None => self.note.clone(),
        };
        let latency = |duration: fn(&Load) -> Duration| {
            let load = self.load.filter(|load| !load.p50.is_zero());
            load.map_or_else(String::new, |load| milliseconds(duration(&load)))
        };
        let busy = |cpu: fn(&Load) -> f64| {
            let load = self.load.filter(|load| load.server_cpu > 0.0);
            load.map_or_else(String::new, |load| format!("{:.2}", cpu(&load)))
        };
        [
            format!("({}) {}", self.part, self.what),
            measured,
            latency(|load| load.p50),
            latency(|load| load.p99),
            if self.value.is_some() { self.errors.to_string() } else { String::new() },
            busy(|load| load.server_cpu),
            busy(|load| load.generator_cpu),
            self.aim.as_ref().map_or_else(String::new, |aim| {
                format!("{} {}", aim.text, if aim.is_met { "✓" } else { "✗" })
            }),
        ]
    }

    fn json(&self) -> Value {
        let load = self.load.unwrap_or_default();
        json!({
            "part": self.part.to_string(),
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "p50_ms": load.p50.as_secs_f64() * 1e3,
            "p99_ms": load.p99.as_secs_f64() * 1e3,
            "errors": self.errors,
            "server_cpus": load.server_cpu,
            "load_cpus": load.generator_cpu,
            "aim": self.aim.as_ref().map(|aim| json!({ "text": aim.text, "is_met": aim.is_met })),
            "note": self.note,
        })
    }
}

/// All rows, and what they were measured on.
pub(crate) struct Report {
    machine: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(machine: Vec<String>) -> Self {
        Self { machine, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        for row in &rows {
            let [what, measured, ..] = row.cells();
            eprintln!("  {what}: {measured}");
        }
        self.rows.extend(rows);
    }

    /// Notes how busy the machine was meanwhile.
    pub(crate) fn end(&mut self) {
        self.machine.push(format!("Load average after: {}", machine::load_average()));
    }

    /// What a row that begins so came to.
    pub(crate) fn rate(&self, what: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.what.starts_with(what))?.value
    }

    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().map(|row| row.errors).sum()
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.machine {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "- {line}");
        }
        text.push_str(
            "\n| what | measured | p50 ms | p99 ms | errors | server CPUs | load CPUs | aim |\n\
             |---|---:|---:|---:|---:|---:|---:|---|\n",
        );
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.cells().join(" | "));
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({ "machine": self.machine, "rows": rows })
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

/// With thousands apart; small numbers with one digit after the point.
fn number(value: f64) -> String {
    if value < 1_000.0 {
        return if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.1}") };
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        for (value, text) in [(7.0, "7"), (33.25, "33.2"), (1_000.0, "1,000"), (1e6, "1,000,000")] {
            assert_eq!(number(value), text);
        }
    }
}

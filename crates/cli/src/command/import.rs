//! `openmoss db import`: an existing installation comes over.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use openmoss_service::import::{Example, FindingReport, Import, Progress, Report, SETTINGS};
use openmoss_service::settings::SettingsLayers as _;
use openmoss_service::transfer::{self, Transferred};
use openmoss_service::{Clock as _, Service, SystemClock};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::PlaceArgs;
use crate::command::as_admin;
use crate::config::{ConfigLayers, Flags, Purpose};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, left, right, table};
use crate::place;

/// Where a time zone may be named besides on the command line.
const ZONE_VARIABLE: &str = "TZ";
/// How a SQLite database begins.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// What is to be imported.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The old database, such as /opt/openmoss/data/tasks.db, or a file of `openmoss db export`
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// In which zone the old server ran, such as Asia/Shanghai [default: server.timezone of the
    /// configuration, else $TZ]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the command did, or would do.
#[derive(Serialize)]
struct Imported {
    dry_run: bool,
    timezone: String,
    #[serde(rename = "import")]
    report: Report,
    settings: Vec<String>,
    remarks: Vec<String>,
}

/// The old configuration: what is brought over, and what is not.
#[derive(Default)]
struct OldConfig {
    settings: Vec<(String, Value)>,
    timezone: Option<String>,
    remarks: Vec<String>,
}

/// Runs it.
pub(crate) fn run(place: &PlaceArgs, args: &ImportArgs) -> Result<ExitCode, CliError> {
    if !args.from.is_file() {
        return Err(CliError::NotFound(format!(
            "there is no file {}; name the old installation's database, such as data/tasks.db",
            args.from.display()
        )));
    }
    if is_sqlite(&args.from)? {
        return run_upstream(place, args);
    }
    if args.timezone.is_some() {
        let text = "--timezone is for the database of an existing Python installation; the times \
                    of an export say their zone";
        return Err(CliError::Usage(text.to_owned()));
    }
    run_export(place, args)
}

fn is_sqlite(path: &Path) -> Result<bool, CliError> {
    let failed = || CliError::io(format!("{} cannot be read", path.display()));
    let mut begin = Vec::new();
    let file = File::open(path).map_err(failed())?;
    let length = u64::try_from(SQLITE_MAGIC.len()).unwrap_or(0);
    file.take(length).read_to_end(&mut begin).map_err(failed())?;
    Ok(begin == SQLITE_MAGIC)
}

/// `--config` names the old configuration here, so the own one is where it is by default.
fn run_upstream(place: &PlaceArgs, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let own = PlaceArgs { config: None, database: place.database.clone() };
    let layers = place::load(&own, None, None, Purpose::Inspect)?.layers;
    let old = place.config.as_deref().map(OldConfig::load).transpose()?.unwrap_or_default();
    let timezone = zone(args, &old, &layers)?;
    let import = Import::new(args.from.clone(), &timezone)?;
    let is_absent = refuse_itself(&layers, &args.from)?;
    // Before a database is made for it.
    import.check()?;
    let progress = Arc::new(Bar::new(args.json));
    let (report, settings) = if args.dry_run {
        let report = if is_absent {
            let policy = (&layers.effective(&json!({}))?.policy).into();
            import.plan(policy, SystemClock.now(), &*progress)?
        } else {
            attach(layers)?.plan_import(&import, &*progress)?
        };
        (report, old.settings.into_iter().map(|(key, _)| key).collect())
    } else {
        let service = attach(layers)?;
        let folder = args.from.parent().unwrap_or(Path::new("")).to_owned();
        let report = service.import(&as_admin(), &import, folder, progress.clone())?;
        let changed = service.import_settings(&as_admin(), &old.settings)?;
        (report, changed.into_iter().map(str::to_owned).collect())
    };
    progress.0.finish_and_clear();
    let is_clashing = !report.clashes.is_empty();
    let remarks = old.remarks;
    let imported = Imported { dry_run: args.dry_run, timezone, report, settings, remarks };
    Format::of(args.json).print(&imported, Imported::told)?;
    Ok(if is_clashing { ExitCode::Conflict } else { ExitCode::Done })
}

fn run_export(place: &PlaceArgs, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let layers = place::load(place, None, None, Purpose::Inspect)?.layers;
    let is_absent = refuse_itself(&layers, &args.from)?;
    // Before a database is made for it.
    transfer::check_header(&args.from)?;
    let progress = Arc::new(Bar::new(args.json));
    let tables = match (args.dry_run, is_absent) {
        (true, true) => transfer::check(&args.from, &*progress)?,
        (true, false) => attach(layers)?.plan_import_export(&args.from, &*progress)?,
        (false, _) => attach(layers)?.import_export(args.from.clone(), progress.clone())?,
    };
    progress.0.finish_and_clear();
    Format::of(args.json).print(&tables, |tables| {
        let rows = |table: &Transferred| [left(table.table), right(table.rows), right(table.new)];
        let counts = table(["table", "rows", "new"], tables.iter().map(rows)).to_string();
        if args.dry_run {
            format!("{counts}\n\nthis was a dry run: nothing was written")
        } else {
            counts
        }
    })?;
    Ok(ExitCode::Done)
}

fn attach(layers: ConfigLayers) -> Result<Service, CliError> {
    Ok(Service::attach(Arc::new(layers), Arc::new(SystemClock))?)
}

/// The zone that the old server's clocks showed. It is not guessed: an hour off is not seen until
/// much later.
fn zone(args: &ImportArgs, old: &OldConfig, own: &ConfigLayers) -> Result<String, CliError> {
    let of_own = || own.given("server.timezone").and_then(|zone| zone.as_str().map(str::to_owned));
    let of_variable = || {
        let zone = std::env::var(ZONE_VARIABLE).ok()?;
        Some(zone.trim_start_matches(':').to_owned()).filter(|zone| !zone.is_empty())
    };
    let zone = args.timezone.clone().or_else(|| old.timezone.clone());
    zone.or_else(of_own).or_else(of_variable).ok_or_else(|| {
        CliError::Usage(
            "the old database keeps local times and does not say of which zone: name the zone in \
             which the old server ran, such as --timezone Asia/Shanghai (in a container it is \
             usually UTC; `timedatectl` or `ls -l /etc/localtime` on that machine show it)"
                .to_owned(),
        )
    })
}

/// Whether the own database does not exist yet.
fn refuse_itself(own: &ConfigLayers, from: &Path) -> Result<bool, CliError> {
    let database = own.database()?;
    if database.kind != "sqlite" {
        return Ok(false);
    }
    let path = Path::new(&database.path);
    let is_same =
        path.canonicalize().is_ok_and(|path| from.canonicalize().is_ok_and(|from| from == path));
    if is_same {
        return Err(CliError::Usage(format!(
            "{} is the configured database itself, and is never changed: set database.path in \
             config.yaml to a new file such as ./data/openmoss.db, or name one with --database",
            from.display()
        )));
    }
    Ok(!path.exists())
}

impl OldConfig {
    fn load(path: &Path) -> Result<Self, CliError> {
        if !path.is_file() {
            let text = format!("there is no configuration file at {}", path.display());
            return Err(CliError::NotFound(text));
        }
        let flags = Flags::default();
        let loaded =
            ConfigLayers::load(Some(path.to_owned()), Vec::new(), flags, Purpose::Inspect)?;
        let mut old = Self { remarks: loaded.warnings, ..Self::default() };
        for (key, value) in loaded.layers.of_file() {
            old.take(key, value);
        }
        Ok(old)
    }

    fn take(&mut self, key: &str, value: &Value) {
        let text = value.as_str();
        if key == "server.timezone" {
            self.timezone = text.map(str::to_owned);
        } else if key == "admin.password" && !text.is_some_and(|text| text.starts_with("bcrypt:")) {
            self.remarks.push(
                "admin.password is of a form that is not safe and was not brought over; set one \
                 with `openmoss admin set-password` or in the setup wizard"
                    .to_owned(),
            );
        } else if SETTINGS.contains(&key) {
            // An empty token would let anybody register in the old system, and nobody here.
            if key != "agent.registration_token" || text != Some("") {
                self.settings.push((key.to_owned(), value.clone()));
            }
        } else if matches!(key, "server.port" | "server.host") {
            let note = format!("{key} is {value} there: set it in config.yaml if it shall stay so");
            self.remarks.push(note);
        }
    }
}

impl Imported {
    fn told(&self) -> String {
        let mut parts = vec![self.counts()];
        if !self.report.findings.is_empty() {
            let lines: Vec<_> = self.report.findings.iter().map(finding).collect();
            parts.push(lines.join("\n"));
        }
        if let Some(file) = &self.report.file {
            parts.push(format!(
                "rows that were repaired or set aside, as they were: {}",
                file.display()
            ));
        }
        if !self.settings.is_empty() {
            let verb = if self.dry_run { "would be brought" } else { "were brought" };
            parts.push(format!("settings that {verb} over: {}", self.settings.join(", ")));
        }
        parts.extend(self.remarks.iter().map(|remark| format!("note: {remark}")));
        parts.push(self.outcome());
        parts.join("\n\n")
    }

    fn counts(&self) -> String {
        let header = ["table", "rows", "new", "there already", "repaired", "set aside"];
        let rows = self.report.tables.iter().map(|counts| {
            [
                left(counts.table),
                right(counts.rows),
                right(counts.new),
                right(counts.same),
                right(counts.repaired),
                right(counts.set_aside),
            ]
        });
        table(header, rows).to_string()
    }

    fn outcome(&self) -> String {
        if let Some(clash) = self.report.clash() {
            return clash;
        }
        match (self.dry_run, self.report.is_any_new()) {
            (true, true) => "this was a dry run: nothing was written".to_owned(),
            (_, false) => "everything was there already: no row was written".to_owned(),
            (false, true) => format!("imported; times were read as those of {}", self.timezone),
        }
    }
}

fn finding(found: &FindingReport) -> String {
    let rule = found.finding.rule();
    let head = format!("{} {} in {}: {}", found.count, found.finding, found.table, rule.what);
    let mut lines = vec![head, format!("    → {}", rule.then)];
    for Example { id, column, was, became } in &found.examples {
        let was = was.as_ref().map_or("NULL".to_owned(), |was| format!("{was:?}"));
        let became = became.as_ref().map(|became| format!(" → {became}")).unwrap_or_default();
        lines.push(format!("    {id}: {column} {was}{became}"));
    }
    lines.join("\n")
}

/// A bar on stderr, where somebody looks.
pub(crate) struct Bar(pub(crate) ProgressBar);

impl Bar {
    pub(crate) fn new(is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template("{bar:40} {percent}%, {eta} left");
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }
}

impl Progress for Bar {
    fn begin(&self, rows: u64) {
        self.0.set_length(rows);
        self.0.set_position(0);
    }

    fn advance(&self, rows: u64) {
        self.0.inc(rows);
    }
}

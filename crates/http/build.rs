//! Builds the dashboard in `webui/` and lays it out in `OUT_DIR/webui`, where `src/webui.rs`
//! embeds it from.
//!
//! `OPENMOSS_WEBUI` decides:
//! - `auto`, or not set: built if Node.js is there; else a warning, and a page that says that it
//!   was not built.
//! - `skip`: not built, the same page, no warning.
//! - `require`: built, or the build fails. For releases.
//!
//! Everything that is written stays in `OUT_DIR`, except for `webui/node_modules`, which is shared
//! with people who work on the dashboard; a lock in `webui/` keeps two builds from installing there
//! at the same time.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use flate2::{Compression, GzBuilder};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SWITCH: &str = "OPENMOSS_WEBUI";

/// What the dashboard is built from, in `webui/`. Folders are watched with all that is in them.
const SOURCES: &[&str] = &[
    ".npmrc",
    "index.html",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "tsconfig.json",
    "tsconfig.node.json",
    "vite.config.ts",
];

/// How much of npm's output is shown when it fails; the end says why.
const LOG_LINES_MAX: usize = 40;

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>OpenMOSS</title>
  </head>
  <body>
    <h1>OpenMOSS is running</h1>
    <p>This program was built without its dashboard. The API is complete: see <a href="/docs">its documentation</a>.</p>
    <p>To have the dashboard, build again with Node.js 20.19 or newer installed and OPENMOSS_WEBUI=require.</p>
  </body>
</html>
"#;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let package = path_from("CARGO_MANIFEST_DIR")?;
    let root = package.ancestors().nth(2).ok_or("the package is not in a workspace")?;
    let webui = root.join("webui");
    let out_dir = path_from("OUT_DIR")?;
    let site = out_dir.join("webui");

    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SWITCH}");
    let switch = env::var_os(SWITCH).unwrap_or_else(|| "auto".into());
    let is_required = switch == "require";
    if switch == "skip" {
        return write_placeholder(&site);
    }
    if !is_required && switch != "auto" {
        return Err(format!(
            "{SWITCH} may only be auto, skip or require, not {}",
            switch.display()
        )
        .into());
    }

    watch(&webui);
    if let Err(reason) = check_prerequisites(&webui) {
        if is_required {
            return Err(format!("the dashboard cannot be built: {reason}").into());
        }
        let hint = format!("see {SWITCH} in crates/http/build.rs");
        println!("cargo::warning=the dashboard is left out: {reason} ({hint})");
        return write_placeholder(&site);
    }

    let log = out_dir.join("webui.log");
    // Held until the end: an installation that another build starts would pull the packages away
    // from under this one.
    let _lock = lock(&webui)?;
    if needs_install(&webui) {
        npm(&webui, &log, ["ci", "--include=dev", "--ignore-scripts"])?;
    }
    empty(&site)?;
    let build = ["run", "build", "--", "--emptyOutDir", "--configLoader", "runner", "--outDir"];
    npm(&webui, &log, build.map(OsStr::new).into_iter().chain([site.as_os_str()]))?;
    compress(&site)
}

fn path_from(variable: &str) -> Result<PathBuf> {
    let value = env::var_os(variable).ok_or_else(|| format!("cargo did not set {variable}"))?;
    Ok(PathBuf::from(value))
}

/// A path that does not exist would make cargo run this script every time, so only those that do
/// are named.
fn watch(webui: &Path) {
    for source in SOURCES.iter().map(|source| webui.join(source)).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", source.display());
    }
}

/// What is missing to build the dashboard, in words.
fn check_prerequisites(webui: &Path) -> std::result::Result<(), String> {
    if !webui.join("package-lock.json").exists() {
        return Err(format!("there is no {}", webui.display()));
    }
    let node = version_of("node").ok_or("there is no Node.js")?;
    if !is_new_enough(node.trim()) {
        return Err(format!("Node.js is {}, and 20.19, 22.12 or newer is needed", node.trim()));
    }
    version_of(NPM).ok_or("there is no npm")?;
    if needs_install(webui) && lock(webui).is_ok_and(|lock| lock.is_none()) {
        return Err(format!(
            "its packages are not installed, and {} cannot be written",
            webui.display()
        ));
    }
    Ok(())
}

/// The same as `engines` in `webui/package.json`; `version` is like `v20.19.0`.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(20)), Some(Ok(minor))) => minor >= 19,
        (Some(Ok(22)), Some(Ok(minor))) => minor >= 12,
        (Some(Ok(major)), _) => major > 22,
        _ => false,
    }
}

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits for other builds. `None` where nobody can write, so that nobody can be in the way either.
fn lock(webui: &Path) -> Result<Option<File>> {
    let path = webui.join(".build.lock");
    match OpenOptions::new().create(true).append(true).open(&path) {
        Ok(file) => {
            file.lock()?;
            Ok(Some(file))
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(format!("cannot open {}: {error}", path.display()).into()),
    }
}

/// npm writes its own record last, so an installation that was interrupted has none.
fn needs_install(webui: &Path) -> bool {
    let modified =
        |path: &str| fs::metadata(webui.join(path)).and_then(|metadata| metadata.modified());
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Ok(installed), Ok(wanted)) => wanted > installed,
        _ => true,
    }
}

fn npm<I, S>(webui: &Path, log: &Path, arguments: I) -> Result<()>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = File::create(log)?;
    let mut command = Command::new(NPM);
    command
        .args(arguments)
        .current_dir(webui)
        .env("NO_COLOR", "1")
        // Cargo sets DEBUG for its own ends, and tools of npm print more when they see it.
        .env_remove("DEBUG")
        .env_remove("NODE_ENV")
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output);
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read(log)?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let tail =
        lines.get(lines.len().saturating_sub(LOG_LINES_MAX)..).unwrap_or_default().join("\n");
    let hint = format!("the dashboard could not be built; {SWITCH}=skip leaves it out");
    Err(format!("{hint}\n{command:?}: {status}\n{tail}").into())
}

fn write_placeholder(site: &Path) -> Result<()> {
    empty(site)?;
    fs::write(site.join("index.html"), PLACEHOLDER)?;
    compress(site)
}

fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

/// Puts `name.gz` beside each file that becomes smaller by it.
fn compress(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compress(&path)?;
            continue;
        }
        let plain = fs::read(&path)?;
        // No name and no time in it: the same source gives the same bytes.
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        let packed = encoder.finish()?;
        if packed.len() < plain.len() {
            let mut name = path.into_os_string();
            name.push(".gz");
            fs::write(name, packed)?;
        }
    }
    Ok(())
}

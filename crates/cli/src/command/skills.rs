//! `openmoss skills`: what agents' runtimes can install.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use openmoss_service::content::Library;
use openmoss_service::settings::SettingsLayers as _;
use openmoss_service::skill::{Skill, pack};
use serde::Serialize;
use serde_json::json;

use crate::args::PlaceArgs;
use crate::config::Purpose;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, left, right, table};
use crate::place;

/// List skills, and pack them for agents' runtimes
///
/// They are the folders below skills/ in content.root, and those that are part of the program. No
/// server and no database is needed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss skills list
  openmoss skills pack --out dist                      every skill, each as NAME.zip
  openmoss skills pack task-executor-skill && unzip task-executor-skill.zip -d ~/.openclaw/skills")]
pub(crate) struct SkillsArgs {
    #[command(subcommand)]
    command: SkillsCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum SkillsCommand {
    /// List skills by name
    List,
    /// Write skills as .zip files; the same skill makes the same bytes
    Pack {
        /// Which ones [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// The folder to write to; it is made if it does not exist
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
}

/// A skill as it is listed.
#[derive(Serialize)]
struct Listed {
    name: String,
    version: String,
    checksum: String,
    is_built_in: bool,
    files: usize,
    description: String,
    problems: Vec<String>,
}

/// A skill that was packed.
#[derive(Serialize)]
struct Packed {
    name: String,
    version: String,
    path: PathBuf,
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &SkillsArgs) -> Result<ExitCode, CliError> {
    let layers = place::load(place, None, None, Purpose::Inspect)?.layers;
    let library = Library::new(layers.effective(&json!({}))?.content.root);
    let format = Format::of(args.json);
    match &args.command {
        SkillsCommand::List => list(&library, format)?,
        SkillsCommand::Pack { names, out } => pack_all(&library, names, out, format)?,
    }
    Ok(ExitCode::Done)
}

fn list(library: &Library, format: Format) -> Result<(), CliError> {
    let listed: Vec<Listed> = library.skills().into_iter().map(Listed::from).collect();
    format.print(&listed, |listed| {
        let rows = listed.iter().map(|one| {
            let from = if one.is_built_in { "the program" } else { "content.root" };
            let about = if one.problems.is_empty() {
                one.description.clone()
            } else {
                format!("cannot be used: {}", one.problems.join("; "))
            };
            [left(&one.name), left(&one.version), left(from), right(one.files), left(about)]
        });
        table(["NAME", "VERSION", "FROM", "FILES", "DESCRIPTION"], rows).to_string()
    })
}

impl From<Skill> for Listed {
    fn from(one: Skill) -> Self {
        Self {
            files: one.files.len(),
            name: one.name,
            version: one.version,
            checksum: one.checksum,
            is_built_in: one.is_built_in,
            description: one.description,
            problems: one.problems,
        }
    }
}

/// Nothing is written unless every skill that is named is there and usable.
fn pack_all(
    library: &Library,
    names: &[String],
    out: &Path,
    format: Format,
) -> Result<(), CliError> {
    let skills = if names.is_empty() { library.skills() } else { named(library, names)? };
    if let Some(odd) = skills.iter().find(|skill| !skill.problems.is_empty()) {
        let problems = odd.problems.join("; ");
        return Err(CliError::Failed(format!("{} cannot be used: {problems}", odd.name)));
    }
    fs::create_dir_all(out).map_err(CliError::io(format!("cannot make {}", out.display())))?;
    let mut packed = Vec::new();
    for skill in skills {
        let path = out.join(format!("{}.zip", skill.name));
        let written = fs::write(&path, pack(&skill)?);
        written.map_err(CliError::io(format!("cannot write {}", path.display())))?;
        packed.push(Packed { name: skill.name, version: skill.version, path });
    }
    format.print(&packed, |packed| {
        let rows = packed.iter();
        let rows = rows.map(|one| [left(&one.name), left(&one.version), left(one.path.display())]);
        table(["NAME", "VERSION", "FILE"], rows).to_string()
    })
}

fn named(library: &Library, names: &[String]) -> Result<Vec<Skill>, CliError> {
    let find = |name: &String| {
        library.skill(name).ok_or_else(|| {
            CliError::NotFound(format!("there is no skill {name:?}; see openmoss skills list"))
        })
    };
    names.iter().map(find).collect()
}

//! `openmoss db export`: the whole content as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::PlaceArgs;
use crate::command::import::Bar;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::place;

/// Where the export goes.
#[derive(Args)]
pub(crate) struct ExportArgs {
    /// A new file, readable only by its owner [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(place: &PlaceArgs, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let service = place::open(place)?;
    let Some(path) = &args.out else {
        let progress = Bar::new(true);
        service.export(&mut BufWriter::new(io::stdout().lock()), &progress)?;
        return Ok(ExitCode::Done);
    };
    let failed = || CliError::io(format!("{} cannot be written", path.display()));
    let mut file = BufWriter::new(create(path)?);
    let progress = Bar::new(false);
    let exported = service.export(&mut file, &progress);
    progress.0.finish_and_clear();
    let written = exported.inspect_err(|_| {
        // Half an export is none; that it stays behind is not worth a second message.
        drop(std::fs::remove_file(path));
    })?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(failed())?;
    let rows: u64 = written.iter().map(|table| table.rows).sum();
    output::print(&format!("exported {rows} rows to {}", path.display()))?;
    Ok(ExitCode::Done)
}

fn create(path: &Path) -> Result<File, CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return CliError::Exists(path.to_owned());
        }
        CliError::io(format!("{} cannot be written", path.display()))(error)
    })
}

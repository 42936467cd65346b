//! `openmoss admin`: the human with the password.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use openmoss_service::settings::Secret;

use super::as_admin;
use crate::args::PlaceArgs;
use crate::config::Purpose;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::{output, place};

/// Set the admin password
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss admin set-password
  pass show openmoss | openmoss admin set-password --stdin")]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Set the admin password and end every admin session
    ///
    /// It is asked for on the terminal, twice, without showing it. A server that is running takes
    /// it into force within seconds.
    SetPassword {
        /// Read the password from the first line of stdin instead
        #[arg(long)]
        stdin: bool,
    },
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &AdminArgs) -> Result<ExitCode, CliError> {
    let AdminCommand::SetPassword { stdin } = args.command;
    // Before asking: nobody should type a password twice for nothing. In spite of what is wrong,
    // because a password of an old form may be just that.
    let layers = place::load(place, None, None, Purpose::Inspect)?.layers;
    let service = place::open_to_repair(&layers)?;
    let password = if stdin { read_line()? } else { ask()? };
    service.set_admin_password(&as_admin(), password.expose())?;
    output::print("the admin password is set, and every admin session is over")?;
    Ok(ExitCode::Done)
}

fn read_line() -> Result<Secret, CliError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(CliError::io("cannot read stdin"))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

fn ask() -> Result<Secret, CliError> {
    if !io::stdin().is_terminal() {
        let message = "there is no terminal to ask on; use --stdin";
        return Err(CliError::Usage(message.to_owned()));
    }
    let prompt = |text| {
        let answer = rpassword::prompt_password(text);
        answer.map(Secret::new).map_err(CliError::io("cannot ask on the terminal"))
    };
    let password = prompt("New admin password: ")?;
    if prompt("Once more: ")? != password {
        return Err(CliError::Usage("the two passwords differ; nothing was changed".to_owned()));
    }
    Ok(password)
}

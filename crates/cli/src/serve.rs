//! `openmoss serve`: the whole system in one process.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use openmoss_http::{Server, ServerOptions};
use openmoss_service::{Background, Clock, Service, SystemClock};

use crate::args::{ListenArgs, PlaceArgs};
use crate::config::Purpose;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::signals::Signals;
use crate::{output, place};

/// Serves until a signal comes.
pub(crate) fn run(place: &PlaceArgs, listen: ListenArgs) -> Result<ExitCode, CliError> {
    let signals = Signals::listen().map_err(CliError::io("cannot listen for signals"))?;
    let loaded = place::load(place, listen.host, listen.port, Purpose::Start)?;
    if let Some(path) = &loaded.created {
        tracing::info!("wrote {}, with a registration token of its own", path.display());
    }
    let clock: Arc<dyn Clock> = match listen.fast_clock {
        Some(fast) => Arc::new(fast),
        None => Arc::new(SystemClock),
    };
    let service = Arc::new(Service::open(Arc::new(loaded.layers), clock)?);
    let background = start_background(&service)?;
    let server = start(&service)?;
    let url = url_of(server.address());
    tell_how_to_set_up(&service, &url)?;
    tracing::info!("listening on {}", server.address());
    output::print(&format!("OpenMOSS is ready at {url}"))?;
    signals.wait();
    tracing::info!("stopping: running requests are finished first");
    server.stop().map_err(CliError::io("the server did not stop in order"))?;
    drop(background);
    tracing::info!("stopped");
    Ok(ExitCode::Done)
}

/// Starts what a server does beside answering.
pub(crate) fn start_background(service: &Arc<Service>) -> Result<Background, CliError> {
    Background::start(service).map_err(CliError::io("cannot start the background threads"))
}

/// Starts the server as its settings say.
pub(crate) fn start(service: &Arc<Service>) -> Result<Server, CliError> {
    let settings = service.settings();
    let options = ServerOptions {
        host: settings.server.host.clone(),
        port: settings.server.port,
        shutdown_seconds: settings.server.shutdown_seconds,
        workers: None,
    };
    let what = format!(
        "cannot listen on {} port {} (--host and --port choose others)",
        options.host, options.port
    );
    Server::start(Arc::clone(service), &options).map_err(CliError::io(what))
}

/// The address as one can open it in a browser on this machine.
pub(crate) fn url_of(address: SocketAddr) -> String {
    let this_machine = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let ip = address.ip();
    let ip = if ip.is_unspecified() { this_machine } else { ip };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The token is for the operator's eyes: it goes to stderr as it is, and into no log.
fn tell_how_to_set_up(service: &Service, url: &str) -> Result<(), CliError> {
    if service.is_initialized()? {
        return Ok(());
    }
    tracing::warn!("not set up yet: open {url} in a browser and follow the setup wizard");
    let token = service.setup_token().expose();
    // Without a stderr there is nobody to tell.
    let _ = writeln!(
        std::io::stderr(),
        "From another host, the setup wizard asks for this one-time token: {token}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_shown_as_this_machine() {
        for (address, url) in [
            ("0.0.0.0:6565", "http://127.0.0.1:6565"),
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("[::]:6565", "http://[::1]:6565"),
            ("[fe80::1]:1", "http://[fe80::1]:1"),
        ] {
            assert_eq!(url_of(address.parse().unwrap()), url);
        }
    }
}

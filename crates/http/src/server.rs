//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{App, HttpServer, web};
use openmoss_service::Service;
use tokio::sync::{Semaphore, watch};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::call::{BODY_BYTES_MAX, Shared};
use crate::events::Streams;
use crate::fallback::{explain, nothing_here, unknown};
use crate::queue::Lines;
use crate::{documentation, mcp, routes, webui};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 2048;
/// How long a connection may stay open without a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take for its request's head: nobody holds a place by being slow.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What Swagger UI needs and no more; the dashboard has a stricter one of its own.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Address to listen on.
    pub host: String,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// How long a stop waits for running requests.
    pub shutdown_seconds: u64,
    /// How many threads answer; none is one for each processor.
    pub workers: Option<usize>,
}

/// A running server, on threads of its own.
pub struct Server {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    handle: ServerHandle,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Listens and answers from now on.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start(service: Arc<Service>, options: &ServerOptions) -> std::io::Result<Self> {
        let options = options.clone();
        let (ready, started) = mpsc::sync_channel(1);
        let (closing, is_closing) = watch::channel(false);
        let thread =
            std::thread::Builder::new().name("openmoss-http".to_owned()).spawn(move || {
                let system = actix_web::rt::System::new();
                system.block_on(async move {
                    let bound = bind(service, &options, is_closing);
                    let (server, address) = match bound {
                        Ok(bound) => bound,
                        Err(error) => {
                            drop(ready.send(Err(error)));
                            return Ok(());
                        }
                    };
                    drop(ready.send(Ok((address, server.handle()))));
                    server.await
                })
            })?;
        let gone = |_| std::io::Error::other("the server's thread ended before it was ready");
        let (address, handle) = started.recv().map_err(gone)??;
        Ok(Self { address, closing, handle, thread })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new requests, finishes those that run, and ends.
    ///
    /// # Errors
    /// When the server ended in an error before.
    pub fn stop(self) -> std::io::Result<()> {
        // Answers that last would last until the time for the stop is up.
        self.closing.send_replace(true);
        // The order is sent at once; awaiting it would need a runtime, joining the thread does not.
        drop(self.handle.stop(true));
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(std::io::Error::other("the server's thread panicked")))
    }
}

/// For every answer that does not say otherwise. Many hold what is for one caller alone, one even a
/// key, so nobody keeps any of them.
fn default_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
}

fn bind(
    service: Arc<Service>,
    options: &ServerOptions,
    closing: watch::Receiver<bool>,
) -> std::io::Result<(actix_web::dev::Server, SocketAddr)> {
    let places = Arc::new(Semaphore::new(service.settings().server.queue_max));
    let streams = Streams::of(&service, closing);
    let lines = Lines::of(&service);
    let shared = web::Data::new(Shared { service, places, streams, lines });
    let app = move || {
        let docs = SwaggerUi::new("/docs/{_:.*}").config(
            Config::new(["/openapi.json"])
                .persist_authorization(true)
                .try_it_out_enabled(true)
                // All operations open at once keep a browser busy for half a minute.
                .doc_expansion("none"),
        );
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            // An id in the path that is no text is an id of nothing.
            .app_data(web::PathConfig::default().error_handler(|_, _| nothing_here().into()))
            .wrap(default_headers())
            .wrap(from_fn(crate::request_log::log_request))
            .into_utoipa_app()
            .configure(routes::configure)
            .into_app()
            .route("/openapi.json", web::get().to(documentation::serve))
            .service(docs)
            .service(web::redirect("/docs", "/docs/"))
            .route("/problems/{code}", web::get().to(explain))
            .configure(mcp::configure)
            .service(web::scope("/api").default_service(web::to(unknown)))
            .configure(webui::configure)
    };
    let server = HttpServer::new(app);
    let server = match options.workers {
        Some(workers) => server.workers(workers),
        None => server,
    };
    let server = server
        .backlog(BACKLOG)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(options.shutdown_seconds)
        .disable_signals()
        .bind((options.host.as_str(), options.port))?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| std::io::Error::other("no address was bound"))?;
    Ok((server.run(), address))
}

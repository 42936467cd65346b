//! The measure of what this machine and actix can do: the server's configuration around a handler
//! that answers a constant.

use std::io::Write as _;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, Responder, web};
use anyhow::Result;

use crate::server::READY;

/// As long as the answer of `/api/health`.
const ANSWER: &str = r#"{"status":"ok","service":"OpenMOSS","version":"1.0.0"}"#;

async fn answer() -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(ANSWER)
}

/// Serves until it is killed. The numbers are those of `openmoss_http::Server`.
pub(crate) fn serve() -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/api/health", web::get().to(answer)))
            .backlog(2048)
            .keep_alive(Duration::from_secs(75))
            .client_request_timeout(Duration::from_secs(10))
            .bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            println!("{READY}http://{address}");
        }
        std::io::stdout().flush()?;
        server.run().await?;
        Ok(())
    })
}

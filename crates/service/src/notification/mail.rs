//! Notifications by mail.

use std::error::Error;
use std::io;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport as _};
use openmoss_domain::outbox::Outcome;

use super::message::Message;
use crate::outward::{Outward, has_own_authorities, later, why_broken};
use crate::settings::SmtpSettings;

/// How the connection to the mail server is kept private; see `smtp.tls`.
pub(crate) const MODES: [&str; 3] = ["starttls", "tls", "none"];

/// Hands a message to the mail server of the settings.
pub(super) fn send(outward: Outward, smtp: &SmtpSettings, to: &str, message: &Message) -> Outcome {
    if smtp.host.is_empty() {
        return Outcome::Never("smtp.host is not set".to_owned());
    }
    let mail = match letter(&smtp.from, to, message) {
        Ok(mail) => mail,
        Err(reason) => return Outcome::Never(reason),
    };
    let transport = outward
        .resolve(&smtp.host, smtp.port)
        .and_then(|address| transport(outward, smtp, &address.ip().to_string()));
    let transport = match transport {
        Ok(transport) => transport,
        Err(outcome) => return outcome,
    };
    match transport.send(&mail) {
        Ok(_) => Outcome::Taken,
        Err(error) => outcome(outward, &error),
    }
}

fn letter(from: &str, to: &str, message: &Message) -> Result<lettre::Message, String> {
    let mailbox = |name: &str, text: &str| {
        let mailbox = text.parse::<Mailbox>().ok();
        mailbox.ok_or_else(|| format!("{name} is not the address of a mailbox"))
    };
    MessageBuilder::new()
        .from(mailbox("smtp.from", from)?)
        .to(mailbox("the channel", to)?)
        .message_id(Some(format!("<{}@openmoss>", message.id)))
        .subject(format!("[{}] {}", message.project, message.title))
        .header(ContentType::TEXT_PLAIN)
        .body(message.lines())
        .map_err(|error| format!("the mail cannot be written: {error}"))
}

/// Speaks to the address that was looked at, and expects the certificate of the host's name.
fn transport(
    outward: Outward,
    smtp: &SmtpSettings,
    address: &str,
) -> Result<SmtpTransport, Outcome> {
    let parameters = || {
        let authorities = if has_own_authorities() {
            CertificateStore::Default
        } else {
            CertificateStore::WebpkiRoots
        };
        TlsParameters::builder(smtp.host.clone())
            .certificate_store(authorities)
            .build()
            .map_err(|error| Outcome::Never(format!("TLS cannot be set up: {error}")))
    };
    let tls = match smtp.tls.as_str() {
        "none" => Tls::None,
        "tls" => Tls::Wrapper(parameters()?),
        _ => Tls::Required(parameters()?),
    };
    let mut builder = SmtpTransport::builder_dangerous(address)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(outward.timeout))
        .hello_name(ClientId::Domain("openmoss".to_owned()));
    if !smtp.user.is_empty() {
        let (user, password) = (smtp.user.clone(), smtp.password.expose().to_owned());
        builder = builder.credentials(Credentials::new(user, password));
    }
    Ok(builder.build())
}

/// What the system or TLS said, if it was one of them.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    error.downcast_ref().or_else(|| cause(error.source()?))
}

/// What a refusal means, without the server's own words: they may repeat what was sent.
fn outcome(outward: Outward, error: &lettre::transport::smtp::Error) -> Outcome {
    let code = error.status().map(|code| code.to_string());
    match code {
        Some(code) if error.is_permanent() => {
            Outcome::Never(format!("the mail server answered {code}"))
        }
        Some(code) => later(format!("the mail server answered {code}")),
        None if error.is_timeout() => outward.timed_out(),
        None if error.is_tls() => later("the TLS connection to the mail server failed"),
        None if error.is_client() => {
            later("the mail server does not offer what smtp.tls or the login needs")
        }
        None => later(cause(error).map_or_else(
            || "the connection to the mail server failed".to_owned(),
            |cause| format!("mail server: {}", why_broken(cause)),
        )),
    }
}

//! Programs outside: an HTTP receiver and a mail server, on real sockets of this machine, that write
//! down what they get and can misbehave.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How a receiver treats a request.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers with this status.
    Answer(u16),
    /// Answers with this status, a header and a body.
    Say(u16, (&'static str, String), &'static str),
    /// Takes it and never answers.
    Hang,
    /// Closes the connection.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `POST /path`
    pub line: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The value of a header; empty without one.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// What listens, and a note that it shall stop.
#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Listening {
    /// Hands each connection to `serve`, in a thread of its own.
    fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, serve) = (Arc::clone(&is_over), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream));
            }
        });
        Self { address, is_over }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// An HTTP receiver on this machine.
#[derive(Debug)]
pub struct Receiver {
    listening: Listening,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// Treats the first request as the first of `manners` says, and so on; the last one stays.
    #[must_use]
    pub fn start(manners: &[Manner]) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, manners, n) = (Arc::clone(&received), manners.to_vec(), AtomicUsize::new(0));
        let listening = Listening::start(move |stream| {
            let Some(request) = read_request(&stream) else { return };
            let n = n.fetch_add(1, Ordering::SeqCst);
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            if let Some(manner) = manners.get(n).or(manners.last()) {
                answer(stream, manner);
            }
        });
        Self { listening, received }
    }

    /// Its address with a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listening.address)
    }

    /// What came so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let line = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let received = Received { line, headers, body: String::new() };
    let length = received.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { body: String::from_utf8_lossy(&body).into_owned(), ..received })
}

fn answer(mut stream: TcpStream, manner: &Manner) {
    let (status, header, body) = match manner {
        Manner::Answer(status) => (*status, None, ""),
        Manner::Say(status, header, body) => (*status, Some(header), *body),
        // Open until the caller gives up.
        Manner::Hang => {
            drop(stream.read_to_end(&mut Vec::new()));
            return;
        }
        Manner::Close => return,
    };
    let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} So\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    // Whoever asked may be gone.
    drop(stream.write_all(text.as_bytes()));
}

/// A mail server on this machine, without TLS.
#[derive(Debug)]
pub struct MailServer {
    listening: Listening,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// What was said before the mail itself, line by line.
    pub said: Vec<String>,
    /// Its headers and its text.
    pub text: String,
}

impl MailServer {
    /// Answers each recipient with `to_recipient`, such as `250 ok` or `550 no such mailbox`.
    #[must_use]
    pub fn start(to_recipient: &'static str) -> Self {
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        let listening = Listening::start(move |stream| {
            if let Some(mail) = take_mail(&stream, to_recipient) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
            }
        });
        Self { listening, mails }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address.port()
    }

    /// What came so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Plays the server's part of RFC 5321, as far as a client needs it that hands in one mail.
fn take_mail(mut stream: &TcpStream, to_recipient: &str) -> Option<Mail> {
    let mut reader = BufReader::new(stream);
    let mut mail = Mail::default();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 mail.example.com ESMTP")?;
    let mut is_whole = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return is_whole.then_some(mail);
        }
        let line = line.trim_end();
        mail.said.push(line.to_owned());
        match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-mail.example.com\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => say("235 welcome")?,
            "RCPT" => say(to_recipient)?,
            "DATA" => {
                say("354 go on")?;
                mail.text = read_text(&mut reader)?;
                is_whole = true;
                say("250 taken")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return is_whole.then_some(mail);
            }
            _ => say("250 ok")?,
        }
    }
}

fn read_text(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n.\r\n") {
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
    }
    Some(text.trim_end_matches(".\r\n").to_owned())
}

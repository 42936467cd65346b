//! A client as light as can be: one keep-alive connection, blocking, bodies with a length. It runs
//! on the processors that the server needs, so it must not do more.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: String,
    line: String,
    request: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if the answer is a success.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.status != 200 {
            bail!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Client {
    pub(crate) fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("no one at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream: BufReader::with_capacity(32 << 10, stream),
            address: address.to_owned(),
            line: String::new(),
            request: Vec::new(),
        })
    }

    pub(crate) fn get(&mut self, path: &str, key: Option<&str>) -> Result<Answer> {
        self.send("GET", path, &bearer(key), "")?;
        self.receive()
    }

    pub(crate) fn post(&mut self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, &bearer(Some(key)), &body.to_string())?;
        self.receive()
    }

    /// Sends a request with one more header, or none.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        header: &str,
        body: &str,
    ) -> Result<()> {
        self.request.clear();
        write!(self.request, "{method} {path} HTTP/1.1\r\nHost: {}\r\n{header}", self.address)?;
        if !body.is_empty() {
            let length = body.len();
            write!(self.request, "Content-Type: application/json\r\nContent-Length: {length}\r\n")?;
        }
        write!(self.request, "\r\n{body}")?;
        Ok(self.stream.get_mut().write_all(&self.request)?)
    }

    /// Reads the answer to the request that was sent.
    pub(crate) fn receive(&mut self) -> Result<Answer> {
        self.read_line()?;
        let status = self.line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| anyhow!("no status in {:?}", self.line))?;
        let mut length = None;
        loop {
            self.read_line()?;
            match self.line.trim_end().split_once(':') {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse::<usize>()?);
                }
                Some(_) => {}
            }
        }
        let length = length.ok_or_else(|| anyhow!("the answer has no length"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }

    fn read_line(&mut self) -> Result<()> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// The header that says who asks.
pub(crate) fn bearer(key: Option<&str>) -> String {
    key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default()
}

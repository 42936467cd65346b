//! A folder of one's own to run the program in, a server that runs there, and a plain client.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Request;

/// What every admin password here is.
pub(crate) const PASSWORD: &str = "correct horse";
/// How long anything may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder to run the program in.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a finished program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Its stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Itself, if it ended with this code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, in this folder, and with an environment that has nothing
    /// to do with it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openmoss"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("OPENMOSS_") || name == "RUST_LOG" {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        finish(&mut self.command(args))
    }

    /// Starts a server on a free port and waits until it is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Running {
        let mut all = vec!["serve", "--host", "127.0.0.1", "--port", "0"];
        all.extend(args);
        Running::start(&mut self.command(&all))
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server in a process of its own; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
    stdout: Receiver<String>,
    stderr: Lines,
}

/// What was read of a pipe until now.
struct Lines {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut text = kept.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reader: Some(reader) }
    }

    /// Everything, once the program is gone.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text.lock().unwrap().clone()
    }
}

impl Running {
    /// Starts a server and waits for the line that says it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = Lines::of(child.stderr.take().unwrap());
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let Ok(line) = receiver.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("no server: {}", stderr.whole());
        };
        let url = line.strip_prefix("OpenMOSS is ready at ").expect("the line of a ready server");
        Self { child, url: url.to_owned(), stdout: receiver, stderr }
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Asks it to stop, as an operator does.
    pub(crate) fn ask_to_stop(&self) {
        send("TERM", &self.child);
    }

    /// Ends it as a power loss does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end. What it said besides the line that it was ready.
    pub(crate) fn wait(mut self) -> Said {
        let mut status = None;
        wait_until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let code = status.and_then(|status| status.code());
        let stdout = self.stdout.iter().collect::<Vec<_>>().join("\n");
        Said { code, stdout, stderr: self.stderr.whole() }
    }

    /// Sets it up and logs in.
    pub(crate) fn set_up(&self) -> Client {
        let stranger = Client::new(&self.url);
        let wizard = json!({
            "admin_password": PASSWORD, "project_name": "Test", "workspace_root": "/tmp",
        });
        stranger.post("/api/setup/initialize", &wizard).ok();
        self.log_in()
    }

    /// The admin.
    pub(crate) fn log_in(&self) -> Client {
        let stranger = Client::new(&self.url);
        let session = stranger.post("/api/admin/login", &json!({"password": PASSWORD})).ok();
        Client { credential: Some(("X-Admin-Token", text(&session["token"]))), ..stranger }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by its name.
pub(crate) fn send(signal: &str, child: &Child) {
    let arguments = [format!("-{signal}"), child.id().to_string()];
    assert!(Command::new("kill").args(arguments).status().unwrap().success());
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A plain client, that does not know what is right.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    credential: Option<(&'static str, String)>,
}

/// An answer, or why there is none.
#[derive(Debug)]
pub(crate) enum Answer {
    Status(u16, Value),
    None(String),
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        match self {
            Self::Status(200, body) => body,
            Self::Status(status, body) => panic!("{status}: {body}"),
            Self::None(why) => panic!("no answer: {why}"),
        }
    }
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self { agent: config.new_agent(), url: url.to_owned(), credential: None }
    }

    /// The same server as somebody with an API key sees it.
    pub(crate) fn agent(url: &str, key: &str) -> Self {
        Self { credential: Some(("Authorization", format!("Bearer {key}"))), ..Self::new(url) }
    }

    /// The same server as somebody with another credential sees it.
    pub(crate) fn with(url: &str, header: &'static str, value: &str) -> Self {
        Self { credential: Some((header, value.to_owned())), ..Self::new(url) }
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body))
    }

    /// Every item of a list.
    pub(crate) fn get_all(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for number in 1.. {
            let page = self.get(&format!("{path}{separator}page={number}&page_size=100")).ok();
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                break;
            }
        }
        all
    }

    /// Creates an agent; its id and key. For the admin.
    pub(crate) fn create_agent(&self, name: &str, role: &str) -> (String, String) {
        let new = json!({"name": name, "role": role});
        let made = self.post("/api/admin/agents", &new).ok();
        (text(&made["id"]), text(&made["api_key"]))
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some((name, value)) = &self.credential {
            request = request.header(*name, value);
        }
        let request = request.header("Content-Type", "application/json");
        let result = match body {
            Some(body) => self.agent.run(request.body(body.to_string()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let read = result.and_then(|mut answer| {
            let body: Value = answer.body_mut().read_json()?;
            Ok(Answer::Status(answer.status().as_u16(), body))
        });
        read.unwrap_or_else(|error| Answer::None(error.to_string()))
    }
}

/// A JSON text as text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Writes files below a folder.
pub(crate) fn write_files(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

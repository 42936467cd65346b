//! The demo's own server, set up as an admin would: wizard, login, agents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openmoss_http::Server;
use openmoss_service::settings::Secret;
use openmoss_service::{Background, Clock, Service};
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, ClientError, Credential};
use crate::config::{ConfigLayers, Flags, Purpose};
use crate::error::CliError;
use crate::serve;

/// Where the demo keeps its things.
pub(super) struct Home {
    folder: PathBuf,
    /// What `--database` would be.
    database: String,
    /// A SQLite file that goes when the demo does.
    temporary: Option<PathBuf>,
    /// Where the index goes.
    pub(super) index: PathBuf,
}

impl Home {
    /// A new folder below the system's temporary one, unless `database` or `file` says where the
    /// data goes.
    pub(super) fn make(database: Option<&str>, file: Option<&Path>) -> Result<Self, CliError> {
        let folder = tempfile::Builder::new().prefix("openmoss-demo-").tempdir();
        let folder = folder.map_err(CliError::io("cannot make a temporary folder"))?.keep();
        let own = folder.join("demo.db");
        let (database, temporary) = match (database, file) {
            (Some(database), _) => (database.to_owned(), None),
            (None, Some(file)) => (path_text(file)?, None),
            (None, None) => (path_text(&own)?, Some(own)),
        };
        let index = folder.join("index.md");
        Ok(Self { folder, database, temporary, index })
    }

    /// Whether the data goes when the demo does.
    pub(super) const fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Removes what is temporary; the index stays.
    pub(super) fn clean_up(&self) {
        // What cannot be removed is left to the system.
        if let Some(file) = &self.temporary {
            for suffix in ["", "-wal", "-shm"] {
                let mut name = file.clone().into_os_string();
                name.push(suffix);
                let _ = std::fs::remove_file(name);
            }
        }
        // Goes only if there is no index in it.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

fn path_text(path: &Path) -> Result<String, CliError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| CliError::Usage(format!("the path {} is not text", path.display())))
}

/// A running server with a team.
pub(super) struct Host {
    server: Server,
    background: Background,
    /// Its address.
    pub(super) url: String,
    /// For a person who wants to look.
    pub(super) admin_password: Secret,
    /// The team.
    pub(super) agents: Agents,
}

/// A client for each agent, with its name.
pub(super) struct Agents {
    pub(super) planner: Client,
    pub(super) executors: Vec<(String, Client)>,
    pub(super) reviewer: Client,
    pub(super) patrol: Client,
}

#[derive(Deserialize)]
struct SetUp {
    registration_token: String,
}

#[derive(Deserialize)]
struct LoggedIn {
    token: String,
}

#[derive(Deserialize)]
struct Created {
    api_key: String,
}

impl Host {
    /// Starts a server with settings of its own, sets it up, and lets the team in.
    pub(super) fn start(
        home: &Home,
        port: Option<u16>,
        workspace: &Path,
        executors: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CliError> {
        let flags = Flags {
            host: Some("127.0.0.1".to_owned()),
            port: Some(port.unwrap_or(0)),
            database: Some(home.database.clone()),
        };
        // There is no such file: the demo has settings of its own.
        let config = Some(home.folder.join("config.yaml"));
        let loaded = ConfigLayers::load(config, Vec::new(), flags, Purpose::Inspect)?;
        let service = Arc::new(Service::open(Arc::new(loaded.layers), clock)?);
        if service.is_initialized()? {
            let message = "this database is in use; the demo needs a new one";
            return Err(CliError::Failed(message.to_owned()));
        }
        let background = serve::start_background(&service)?;
        let server = serve::start(&service)?;
        let url = serve::url_of(server.address());
        let admin_password = Secret::new(format!("{:016x}", rand::random::<u64>()));
        let agents = set_up(&url, &admin_password, workspace, executors);
        let agents = agents.map_err(|error| CliError::Failed(error.to_string()))?;
        Ok(Self { server, background, url, admin_password, agents })
    }

    /// Stops the server.
    pub(super) fn stop(self) -> Result<(), CliError> {
        self.server.stop().map_err(CliError::io("the server did not stop in order"))?;
        drop(self.background);
        Ok(())
    }
}

/// The wizard, and then the admin makes the team. The patrol agent registers itself.
fn set_up(
    url: &str,
    password: &Secret,
    workspace: &Path,
    executors: usize,
) -> Result<Agents, ClientError> {
    let stranger = Client::new(url, Credential::None);
    let wizard = json!({
        "admin_password": password.expose(),
        "project_name": "OpenMOSS demo",
        "workspace_root": workspace.to_string_lossy(),
    });
    let done: SetUp = stranger.post("/api/setup/initialize", &wizard)?;
    let login = json!({"password": password.expose()});
    let session: LoggedIn = stranger.post("/api/admin/login", &login)?;
    let admin = Client::new(url, Credential::Admin(session.token));
    let create = |name: &str, role: &str, description: &str| {
        let new = json!({"name": name, "role": role, "description": description});
        let created: Created = admin.post("/api/admin/agents", &new)?;
        Ok(Client::new(url, Credential::Agent(created.api_key)))
    };
    let planner = create("planner", "planner", "Splits the goal and delivers.")?;
    let executors = (1..=executors).map(|number| {
        let name = format!("executor-{number}");
        let client = create(&name, "executor", "Describes texts.")?;
        Ok((name, client))
    });
    let executors = executors.collect::<Result<_, ClientError>>()?;
    let reviewer = create("reviewer", "reviewer", "Looks for itself.")?;
    let registrant = Client::new(url, Credential::Registration(done.registration_token));
    let new = json!({"name": "patrol", "role": "patrol", "description": "Looks on."});
    let created: Created = registrant.post("/api/agents/register", &new)?;
    let patrol = Client::new(url, Credential::Agent(created.api_key));
    Ok(Agents { planner, executors, reviewer, patrol })
}

impl Agents {
    /// Every agent's name and how many requests it sent.
    pub(super) fn requests(&self) -> Vec<(String, u64)> {
        let executors = self.executors.iter().map(|(name, client)| (name.as_str(), client));
        let others =
            [("planner", &self.planner), ("reviewer", &self.reviewer), ("patrol", &self.patrol)];
        let all = others.into_iter().chain(executors);
        all.map(|(name, client)| (name.to_owned(), client.requests())).collect()
    }
}

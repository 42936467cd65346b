//! The layers together, from files, variables and flags to settings, rows and messages.

use std::fs;
use std::path::{Path, PathBuf};

use openmoss_service::settings::{Secret, Settings, SettingsLayers as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ConfigLayers, Flags, Loaded, Purpose, Sourced, keys};

/// A file as the existing system leaves it: every key it knows, some with their shipped values.
const EXISTING: &str = "\
project: {name: \"My team\"}
admin:
  password: \"bcrypt:$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW\"
agent:
  registration_token: 8f3c2a
  allow_registration: true
notification:
  enabled: true
  channels:
    - chat:oc_xxxxx   # a group
    - me@example.com
  events: [task_completed, review_rejected, all_done, patrol_alert]
server: {port: 6565, host: 0.0.0.0, external_url: \"https://moss.example.com/\"}
database:
  type: sqlite
  path: ./data/tasks.db
workspace:
  root: /workspace
webui:
  public_feed: no
  feed_retention_days: 7
  auto_update: true
  github_repo: uluckyXH/OpenMOSS
setup:
  initialized: true
";

/// A folder with a `config.yaml` in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn with(text: impl AsRef<[u8]>) -> Self {
        let place = Self::empty();
        fs::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn load(&self) -> Loaded {
        self.load_with(&[], Flags::default())
    }

    fn load_with(&self, environment: &[(&str, &str)], flags: Flags) -> Loaded {
        let loaded =
            ConfigLayers::load(Some(self.path()), pairs(environment), flags, Purpose::Start);
        loaded.map_err(|error| error.to_string()).unwrap()
    }

    /// The problems of a start that fails, without the folder in front of the file's name.
    fn refusal(&self, environment: &[(&str, &str)], flags: Flags) -> Vec<String> {
        let loaded =
            ConfigLayers::load(Some(self.path()), pairs(environment), flags, Purpose::Start);
        let problems = loaded.err().expect("refused").problems;
        problems.iter().map(|problem| self.short(problem)).collect()
    }

    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn shorts(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.short(text)).collect()
    }

    /// Why the settings cannot be in force.
    fn impossible(&self, stored: &Value) -> String {
        let error = self.load().layers.effective(stored).unwrap_err();
        self.short(&error.0)
    }
}

fn pairs(environment: &[(&str, &str)]) -> Vec<(String, String)> {
    environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn none() -> Value {
    json!({})
}

fn flags(database: &str) -> Flags {
    Flags { database: Some(database.to_owned()), ..Flags::default() }
}

fn row(rows: &[Sourced], key: &str) -> (Value, String) {
    let row = rows.iter().find(|row| row.key == key).unwrap();
    (row.value.clone(), row.source.clone())
}

fn is_password(hash: &Secret, password: &str) -> bool {
    let hash = hash.expose().strip_prefix("bcrypt:").expect("a hash");
    bcrypt::verify(password, hash).unwrap()
}

#[test]
fn an_existing_file_loads_unchanged() {
    let place = Place::with(EXISTING);
    let loaded = place.load();
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(loaded.created, None);
    assert_eq!(place.text(), EXISTING);
    assert_eq!(loaded.layers.problems(&none()), [""; 0]);
    let settings = loaded.layers.effective(&none()).unwrap();
    assert_eq!(settings.project.name, "My team");
    assert!(EXISTING.contains(settings.admin.password.expose()));
    assert!(!settings.admin.password.is_empty());
    assert_eq!(settings.agent.registration_token.expose(), "8f3c2a");
    assert_eq!(settings.notification.channels, ["chat:oc_xxxxx", "me@example.com"]);
    assert_eq!(settings.notification.events.len(), 4);
    assert_eq!(settings.server.external_url, "https://moss.example.com");
    assert_eq!(settings.database.kind, "sqlite");
    assert_eq!(settings.workspace.root, "/workspace");
    assert!(!settings.webui.public_feed && settings.webui.auto_update);
    assert_eq!(settings.webui.github_repo, "uluckyXH/OpenMOSS");
    assert!(settings.setup.initialized);
}

#[test]
fn every_layer_wins_over_those_before_it() {
    let place = Place::with("server:\n  port: 1\n  host: 127.0.0.1\n  timezone: Asia/Shanghai\n");
    let stored = json!({"server": {"port": 2, "timezone": "Europe/Berlin"}});
    let settings = |environment: &[(&str, &str)], flags| {
        place.load_with(environment, flags).layers.effective(&stored).unwrap().server
    };
    let server = settings(&[], Flags::default());
    assert_eq!(
        (server.port, server.host.as_str(), server.timezone.as_str(), server.queue_max),
        (2, "127.0.0.1", "Europe/Berlin", 4096)
    );
    let environment =
        [("OPENMOSS_SERVER__PORT", "3"), ("OPENMOSS_SERVER__TIMEZONE", "America/New_York")];
    let server = settings(&environment, Flags::default());
    assert_eq!((server.port, server.timezone.as_str()), (3, "America/New_York"));
    let flags = Flags { port: Some(0), host: Some("::1".to_owned()), database: None };
    let server = settings(&environment, flags);
    assert_eq!((server.port, server.host.as_str()), (0, "::1"));
}

#[test]
fn without_a_file_the_defaults_are_in_force() {
    let place = Place::empty();
    let loaded =
        ConfigLayers::load(Some(place.path()), Vec::new(), Flags::default(), Purpose::Inspect);
    let loaded = loaded.ok().unwrap();
    assert_eq!(loaded.layers.effective(&none()).unwrap(), Settings::default());
    assert!(!place.path().exists(), "to look writes nothing");
    for text in ["", "# nothing\n", "---\n", "server:\nadmin: {}\n"] {
        let loaded = Place::with(text).load();
        assert_eq!(loaded.layers.effective(&none()).unwrap(), Settings::default(), "{text:?}");
    }
}

#[test]
fn the_first_start_writes_the_file_and_the_second_reads_it() {
    let place = Place::empty();
    let first = place.load();
    assert_eq!(first.created, Some(place.path()));
    assert_eq!(first.warnings, [""; 0]);
    let settings = first.layers.effective(&none()).unwrap();
    let token = settings.agent.registration_token.expose().to_owned();
    assert_eq!(token.len(), 32);
    let mut expected = Settings::default();
    expected.agent.registration_token = Secret::new(token.as_str());
    assert_eq!(settings, expected, "the example holds the defaults");

    let text = place.text();
    let second = place.load();
    assert_eq!(second.created, None);
    assert_eq!(place.text(), text);
    assert_eq!(second.layers.effective(&none()).unwrap(), expected);
}

#[test]
fn the_file_is_the_one_named_by_flag_then_by_variable() {
    let (flag, variable) = (Place::with("project: {name: F}"), Place::with("project: {name: V}"));
    let name = |path: Option<PathBuf>, variable: &Path| {
        let environment = vec![("OPENMOSS_CONFIG".to_owned(), variable.display().to_string())];
        let loaded = ConfigLayers::load(path, environment, Flags::default(), Purpose::Inspect);
        loaded.ok().unwrap().layers.effective(&none()).unwrap().project.name
    };
    assert_eq!(name(Some(flag.path()), &variable.path()), "F");
    assert_eq!(name(None, &variable.path()), "V");
}

#[test]
fn a_named_file_that_cannot_be_written_is_an_error() {
    let place = Place::empty();
    let path = place.folder.path().join("none").join("config.yaml");
    let loaded = ConfigLayers::load(Some(path), Vec::new(), Flags::default(), Purpose::Start);
    let error = place.short(&loaded.err().unwrap().to_string());
    assert!(error.starts_with("none/config.yaml: there is no such file, and it cannot"), "{error}");
}

#[test]
fn a_file_that_is_no_configuration_is_refused_with_its_line() {
    for (text, problem) in [
        (&b"server: [\n"[..], "config.yaml:"),
        (
            b"- a\n- b\n",
            "config.yaml:1: the file must have sections such as `server:` at its top, \
            found a list",
        ),
        (
            b"\n\njust text\n",
            "config.yaml:3: the file must have sections such as `server:` at its \
            top, found a text",
        ),
        (b"a: 1\nb: \xff\xfe\n", "config.yaml:2: is not UTF-8 text"),
        (
            b"server:\n  port: 1\n  port: 2\n",
            "config.yaml:3: the key `port` stands here twice; \
            first on line 2",
        ),
        (
            b"server: {}\nserver: {}\n",
            "config.yaml:2: the key `server` stands here twice; first \
            on line 1",
        ),
    ] {
        let problems = Place::with(text).refusal(&[], Flags::default());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with(problem), "{problems:?}");
    }
    let place = Place::empty();
    fs::create_dir(place.path()).unwrap();
    assert!(place.refusal(&[], Flags::default())[0].starts_with("config.yaml: cannot be read: "));
}

#[test]
fn everything_of_the_wrong_type_is_told_at_once() {
    let place = Place::with("server:\n  port: abc\n  prot: 1\nwebui: {public_feed: 7}\n");
    let environment = [("OPENMOSS_POLICY__LEASE_SECONDS", "-5"), ("OPENMOSS_SERVER__HOTS", "x")];
    assert_eq!(
        place.refusal(&environment, flags("mysql://root:secret@h/d")),
        [
            "config.yaml:2: server.port must be a whole number from 0 to 65535, found \"abc\"",
            "config.yaml:4: webui.public_feed must be true or false, found \"7\"",
            "environment variable OPENMOSS_POLICY__LEASE_SECONDS: policy.lease_seconds must be a \
             whole number, 0 or more, found \"-5\"",
            "--database: must be postgres://…, postgresql://…, sqlite://PATH or the path of a \
             SQLite file, found \"mysql://root:***@h/d\"",
            "config.yaml:3: unknown key `server.prot`; did you mean `server.port`?",
            "unknown environment variable OPENMOSS_SERVER__HOTS; did you mean \
             OPENMOSS_SERVER__HOST?",
        ]
    );
}

#[test]
fn unknown_keys_are_warnings_at_the_start_and_problems_in_a_check() {
    let place = Place::with("server:\n  prot: 7000\nproject: {name: P}\n");
    let loaded = place.load();
    let unknown = ["config.yaml:2: unknown key `server.prot`; did you mean `server.port`?"];
    assert_eq!(place.shorts(&loaded.warnings), unknown);
    assert_eq!(loaded.layers.effective(&none()).unwrap().project.name, "P");
    assert_eq!(place.shorts(&loaded.layers.problems(&none())), unknown);
}

#[test]
fn an_impossible_value_names_the_place_it_comes_from() {
    let place = Place::with("server:\n  timezone: Mars\n");
    assert_eq!(
        place.impossible(&none()),
        "config.yaml:2: server.timezone must be an IANA zone name such as UTC or Asia/Shanghai, \
         found \"Mars\""
    );
    assert_eq!(
        place.impossible(&json!({"server": {"timezone": "Venus"}})),
        "settings in the database: server.timezone must be an IANA zone name such as UTC or \
         Asia/Shanghai, found \"Venus\""
    );
    let text = |environment: &[(&str, &str)], flags| {
        let loaded = Place::with("").load_with(environment, flags);
        loaded.layers.effective(&none()).unwrap_err().0
    };
    assert_eq!(
        text(&[("OPENMOSS_ADMIN__SESSION_HOURS", "0")], Flags::default()),
        "environment variable OPENMOSS_ADMIN__SESSION_HOURS: admin.session_hours must be 1 to \
         8760, found 0"
    );
    let host = Flags { host: Some("nowhere!".to_owned()), ..Flags::default() };
    assert_eq!(
        text(&[], host),
        "--host: server.host must be an IP address such as 0.0.0.0 or 127.0.0.1, or localhost, \
         found \"nowhere!\""
    );
    for text in ["database:\n  type: postgres\n", "database:\n  type: postgres\n  url: ''\n"] {
        let place = Place::with(text);
        let problem = "config.yaml:2: database.url must be set when database.type is postgres";
        assert_eq!(place.impossible(&none()), problem);
        assert_eq!(place.shorts(&place.load().layers.problems(&none())), [problem]);
    }
    assert_eq!(
        Place::with("project:\n  name: ''\n").impossible(&none()),
        "config.yaml:2: project.name must not be empty, found \"\""
    );
    assert_eq!(
        Place::with("database:\n  url: mysql://u:s3cret@h/d\n").impossible(&none()),
        "config.yaml:2: database.url must be postgres://…, postgresql://…, sqlite://PATH or the \
         path of a SQLite file"
    );
    let stored = json!({"project": {"name": [1]}});
    assert_eq!(
        Place::with("").impossible(&stored),
        "settings in the database: project.name must be a text, found a list"
    );
}

#[test]
fn a_bad_stored_value_is_in_nobodys_way_when_it_is_overridden() {
    let stored = json!({"webui": {"feed_retention_days": "abc"}, "project": {"name": "S"}});
    let place = Place::with("webui: {feed_retention_days: 5}\n");
    let error = place.load().layers.effective(&stored).unwrap_err();
    assert!(error.0.starts_with("settings in the database: webui.feed_retention_days"), "{error}");
    assert!(place.load().layers.sources(&stored).is_err());
    let environment = [("OPENMOSS_WEBUI__FEED_RETENTION_DAYS", "9")];
    let layers = place.load_with(&environment, Flags::default()).layers;
    let settings = layers.effective(&stored).unwrap();
    assert_eq!((settings.webui.feed_retention_days, settings.project.name.as_str()), (9, "S"));
}

#[test]
fn a_check_finds_every_problem() {
    let place = Place::with(
        "server: {timezone: Mars, host: x}\nadmin: {session_hours: 0, password: 'md5:00'}\n\
         database: {type: postgres}\nzzz: 1\n",
    );
    let stored = json!({"webui": {"feed_retention_days": 0}, "policy": {"lease_seconds": "x"},
                        "database": {"path": "y"}, "server": {"host": "z"}});
    let problems = place.shorts(&place.load().layers.problems(&stored));
    assert_eq!(
        problems,
        [
            "config.yaml:4: unknown key `zzz`",
            "settings in the database: policy.lease_seconds must be a whole number, 0 or more, \
             found \"x\"",
            "settings in the database: `database` cannot be set there and is ignored",
            "config.yaml:2: admin.password is of the old md5: form, which is not safe; set a new \
             password with `openmoss admin set-password`",
            "settings in the database: server.host must be an IP address such as 0.0.0.0 or \
             127.0.0.1, or localhost, found \"z\"",
            "config.yaml:1: server.timezone must be an IANA zone name such as UTC or \
             Asia/Shanghai, found \"Mars\"",
            "config.yaml:3: database.url must be set when database.type is postgres",
            "config.yaml:2: admin.session_hours must be 1 to 8760, found 0",
            "settings in the database: webui.feed_retention_days must be 1 to 3650, found 0",
        ]
    );
}

#[test]
fn what_is_shown_tells_every_source_and_no_secret() {
    let place = Place::with(
        "agent: {registration_token: tok3n}\nadmin: {password: ''}\nserver: {timezone: UTC}\n",
    );
    let environment = [
        ("OPENMOSS_SERVER__QUEUE_MAX", "7"),
        ("OPENMOSS_DATABASE__URL", "postgres://u:s3cret@h/d"),
        ("OPENMOSS_NOTIFICATION__CHANNELS", "a:b"),
    ];
    let flags = Flags { port: Some(7000), ..Flags::default() };
    let stored = json!({"project": {"name": "S"}});
    let rows = place.load_with(&environment, flags).layers.sources(&stored).unwrap();

    let names: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(names, keys::all().map(|(key, _)| key).collect::<Vec<_>>());
    let file = place.path().display().to_string();
    for (key, value, source) in [
        ("agent.registration_token", json!("***"), file.as_str()),
        ("admin.password", json!(""), &file),
        ("server.timezone", json!("UTC"), &file),
        ("server.queue_max", json!(7), "environment OPENMOSS_SERVER__QUEUE_MAX"),
        ("database.url", json!("postgres://u:***@h/d"), "environment OPENMOSS_DATABASE__URL"),
        ("database.type", json!("postgres"), "environment OPENMOSS_DATABASE__URL"),
        ("database.path", json!("./data/tasks.db"), "default"),
        ("notification.channels", json!(["a:b"]), "environment OPENMOSS_NOTIFICATION__CHANNELS"),
        ("server.port", json!(7000), "flag --port"),
        ("project.name", json!("S"), "database"),
        ("content.root", json!("."), "default"),
    ] {
        assert_eq!(row(&rows, key), (value, source.to_owned()), "{key}");
    }
    let printed = format!("{rows:?}{}", serde_json::to_string(&rows).unwrap());
    assert!(!printed.contains("s3cret") && !printed.contains("tok3n"));
}

#[test]
fn impossible_values_are_shown() {
    let rows = Place::with("server: {timezone: Mars}\ndatabase: {url: 'mysql://u:p@h'}\n");
    let rows = rows.load().layers.sources(&none()).unwrap();
    assert_eq!(row(&rows, "server.timezone").0, "Mars");
    assert_eq!(row(&rows, "database.url").0, "mysql://u:***@h");
    assert_eq!(row(&rows, "database.type"), (json!("sqlite"), "default".to_owned()));
}

#[test]
fn the_database_is_found_without_the_stored_settings() {
    let database = |text: &str, database: Option<&str>| {
        let flags = database.map(flags).unwrap_or_default();
        let loaded = Place::with(text).load_with(&[], flags);
        let database = loaded.layers.database().unwrap();
        assert_eq!(loaded.layers.effective(&none()).unwrap().database, database);
        (database.kind, database.path, database.url.expose().to_owned())
    };
    let sqlite = |path: &str| ("sqlite".to_owned(), path.to_owned(), String::new());
    let postgres =
        |url: &str| ("postgres".to_owned(), "./data/tasks.db".to_owned(), url.to_owned());
    let in_file = "database: {url: 'postgres://h/d'}\n";
    assert_eq!(database("", None), sqlite("./data/tasks.db"));
    assert_eq!(database("database: {path: x.db}\n", None), sqlite("x.db"));
    assert_eq!(database("database: {url: 'sqlite:///srv/x.db'}\n", None), sqlite("/srv/x.db"));
    assert_eq!(database("database: {url: x.db}\n", None), sqlite("x.db"));
    assert_eq!(database(in_file, None), postgres("postgres://h/d"));
    assert_eq!(database(in_file, Some("y.db")), sqlite("y.db"));
    assert_eq!(database(in_file, Some("sqlite://y.db")), sqlite("y.db"));
    assert_eq!(database("", Some("postgresql://k/e")), postgres("postgresql://k/e"));
    assert_eq!(
        database("database: {type: postgres, url: 'postgres://h/d'}\n", Some("y.db")),
        sqlite("y.db")
    );

    let layers = Place::with("").load().layers;
    let stored = json!({"database": {"path": "elsewhere.db", "connections": 99}});
    assert_eq!(layers.effective(&stored).unwrap().database, layers.database().unwrap());
}

#[test]
fn a_command_can_repair_what_a_start_refuses() {
    let place = Place::with("admin:\n  password: md5:0192023a7bbd73250516f069df18b500\n");
    let layers = place.load().layers;
    assert_eq!(
        place.impossible(&none()),
        "config.yaml:2: admin.password is of the old md5: form, which is not safe; set a new \
         password with `openmoss admin set-password`"
    );
    assert_eq!(layers.database().unwrap().kind, "sqlite");
    let hash = format!("bcrypt:{}", bcrypt::hash("new", 4).unwrap());
    let settings = layers.effective(&json!({"admin": {"password": hash}})).unwrap();
    assert!(is_password(&settings.admin.password, "new"));
}

#[test]
fn a_plain_password_is_replaced_in_the_file_and_nothing_else_is() {
    for (before, written, after, password) in [
        (
            "# my file\nadmin:\n  password: ",
            "123456",
            "   # six digits\nserver: {port: 1}\n",
            "123456",
        ),
        ("server: {port: 1}\r\nadmin: {password: '", "it''s", "'}\r\n# end", "it's"),
    ] {
        let place = Place::with(format!("{before}{written}{after}"));
        let loaded = place.load();
        assert_eq!(loaded.warnings, [""; 0]);
        let settings = loaded.layers.effective(&none()).unwrap();
        assert!(is_password(&settings.admin.password, password));
        let hash = settings.admin.password.expose();
        let quote = if before.ends_with('\'') { "" } else { "\"" };
        assert_eq!(place.text(), format!("{before}{quote}{hash}{quote}{after}"));

        let text = place.text();
        assert_eq!(place.load().layers.effective(&none()).unwrap(), settings);
        assert_eq!(place.text(), text, "a hash is left");
    }
}

#[test]
fn to_look_changes_no_file() {
    let place = Place::with("admin:\n  password: s3cret\n");
    let loaded =
        ConfigLayers::load(Some(place.path()), Vec::new(), Flags::default(), Purpose::Inspect);
    let settings = loaded.ok().unwrap().layers.effective(&none()).unwrap();
    assert!(is_password(&settings.admin.password, "s3cret"));
    assert_eq!(place.text(), "admin:\n  password: s3cret\n");
}

#[test]
fn a_password_that_cannot_be_replaced_safely_stops_the_start() {
    let text = "admin:\n  password: |\n    s3cret\n";
    let place = Place::with(text);
    let problems = place.refusal(&[], Flags::default());
    assert!(problems[0].starts_with("config.yaml:2: admin.password is in clear and cannot be"));
    assert!(problems[0].contains("on one line") && !problems[0].contains("s3cret"));
    assert_eq!(place.text(), text);
}

#[test]
fn nothing_is_written_when_something_is_wrong() {
    let text = "admin: {password: s3cret}\nserver: {port: abc}\n";
    let place = Place::with(text);
    assert_eq!(place.refusal(&[], Flags::default()).len(), 1);
    assert_eq!(place.text(), text);
}

#[test]
fn the_shipped_password_and_token_are_told() {
    let text =
        "admin:\n  password: admin123\nagent:\n  registration_token: openclaw-register-2024\n";
    let place = Place::with(text);
    let loaded = place.load();
    assert_eq!(
        place.shorts(&loaded.warnings),
        [
            "config.yaml:4: agent.registration_token is the published one of the example; whoever \
             reaches the server can register an agent: set another",
            "config.yaml:2: admin.password is the well-known admin123 and counts as not set; the \
             setup wizard sets one",
        ]
    );
    assert!(loaded.layers.effective(&none()).unwrap().admin.password.is_empty());
    assert_eq!(place.text(), text);

    let hash = bcrypt::hash("admin123", 4).unwrap();
    let place = Place::with(format!("admin: {{password: 'bcrypt:{hash}'}}\n"));
    let loaded = place.load();
    assert!(loaded.warnings[0].contains("the hash of the well-known admin123"));
    assert!(!loaded.layers.effective(&none()).unwrap().admin.password.is_empty());
}

#[test]
fn passwords_that_bcrypt_cannot_take_are_refused() {
    let place = Place::with(format!("admin:\n  password: {}\n", "x".repeat(73)));
    assert_eq!(
        place.refusal(&[], Flags::default()),
        ["config.yaml:2: admin.password must be at most 72 bytes long"]
    );
    let longest = "x".repeat(72);
    let settings = Place::with(format!("admin:\n  password: {longest}\n")).load();
    let settings = settings.layers.effective(&none()).unwrap();
    assert!(is_password(&settings.admin.password, &longest));
    assert!(!is_password(&settings.admin.password, &"x".repeat(71)));
}

#[test]
fn a_stored_password_must_be_a_hash() {
    for stored in ["plain", "admin123", "bcrypt:no", "md5:00"] {
        let error = Place::with("").impossible(&json!({"admin": {"password": stored}}));
        assert!(error.starts_with("settings in the database: admin.password "), "{error}");
        assert!(!error.contains("plain"));
    }
}

#[test]
fn a_password_in_the_environment_is_hashed_in_memory() {
    let place = Place::with("admin: {password: ''}\n");
    let environment = [("OPENMOSS_ADMIN__PASSWORD", "s3cret")];
    let layers = place.load_with(&environment, Flags::default()).layers;
    let settings = layers.effective(&none()).unwrap();
    assert!(is_password(&settings.admin.password, "s3cret"));
    assert_eq!(layers.effective(&none()).unwrap(), settings, "hashed once");
    assert_eq!(place.text(), "admin: {password: ''}\n");

    let loaded = place.load_with(&[("OPENMOSS_ADMIN__PASSWORD", "admin123")], Flags::default());
    assert_eq!(
        loaded.warnings,
        ["environment variable OPENMOSS_ADMIN__PASSWORD: admin.password is the well-known \
          admin123 and counts as not set; the setup wizard sets one"]
    );
    let refused = place.refusal(&[("OPENMOSS_ADMIN__PASSWORD", &"x".repeat(73))], Flags::default());
    assert!(refused[0].starts_with("environment variable OPENMOSS_ADMIN__PASSWORD: "));
}

#[cfg(unix)]
#[test]
fn a_read_only_file_keeps_its_plain_password_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with("admin:\n  password: s3cret\n");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o444)).unwrap();
    let loaded = place.load();
    assert_eq!(loaded.warnings.len(), 1);
    let warning = place.short(&loaded.warnings[0]);
    assert!(warning.starts_with("config.yaml:2: admin.password is in clear"), "{warning}");
    assert!(!warning.contains("s3cret"));
    let settings = loaded.layers.effective(&none()).unwrap();
    assert!(is_password(&settings.admin.password, "s3cret"));
    assert_eq!(place.text(), "admin:\n  password: s3cret\n");
}

#[test]
fn a_copied_example_lets_nobody_in() {
    let text = include_str!("../../../../config.example.yaml");
    let loaded = Place::with(text).load();
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(loaded.layers.effective(&none()).unwrap(), Settings::default());
}

/// A text with a few bytes removed, put in or changed.
fn damaged(text: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let bytes = text.as_bytes().to_vec();
    let change = (
        0..bytes.len(),
        0..3,
        prop_oneof![any::<u8>(), proptest::sample::select(b" \n\t:-#'\"{}[],&*!|>%@0a".to_vec(),)],
    );
    prop::collection::vec(change, 0..12).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (at, what, byte) in changes {
            let at = at.min(bytes.len() - 1);
            match what {
                0 => bytes.insert(at, byte),
                1 if bytes.len() > 1 => {
                    bytes.remove(at);
                }
                _ => bytes[at] = byte,
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        damaged(EXISTING),
        damaged(include_str!("../../../../config.example.yaml")),
    ]) {
        let place = Place::with(&bytes);
        let loaded = ConfigLayers::load(
            Some(place.path()), Vec::new(), Flags::default(), Purpose::Inspect,
        );
        match loaded {
            Ok(loaded) => {
                let is_good = loaded.layers.effective(&none()).is_ok();
                let is_clean = loaded.layers.problems(&none()).is_empty();
                prop_assert!(is_good || !is_clean, "a check finds what a start refuses");
                loaded.layers.sources(&none()).unwrap();
            }
            Err(error) => prop_assert!(!error.problems.is_empty()),
        }
        prop_assert_eq!(fs::read(place.path()).unwrap(), bytes);
    }

    #[test]
    fn any_environment_is_read_or_refused(
        key in 0..40_usize, value in "[ -~\n]{0,30}", name in "OPENMOSS_[A-Z_]{0,20}",
    ) {
        // A password would be hashed, which takes long and is tested elsewhere.
        let keys = keys::all().map(|(key, _)| key).filter(|key| *key != keys::PASSWORD);
        let known = keys.map(keys::environment_name).nth(key);
        let environment: Vec<_> =
            known.into_iter().chain([name]).map(|name| (name, value.clone())).collect();
        let is_file = |(name, _): &(String, String)| name == "OPENMOSS_CONFIG";
        prop_assume!(!environment.iter().any(is_file));
        let place = Place::with("");
        let path = Some(place.path());
        let loaded = ConfigLayers::load(path, environment, Flags::default(), Purpose::Inspect);
        if let Ok(loaded) = loaded {
            let _ = loaded.layers.effective(&none());
        }
    }

    #[test]
    fn any_stored_settings_are_read_or_refused(
        key in 0..40_usize,
        value in prop_oneof![
            Just(Value::Null), any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from), Just(json!([1, "a", null])), Just(json!({"a": 1})),
        ],
    ) {
        let layers = Place::with("").load().layers;
        let _ = (layers.effective(&value), layers.sources(&value), layers.problems(&value));
        if let Some((key, _)) = keys::all().nth(key) {
            let (section, key) = key.split_once('.').unwrap();
            let stored = json!({section: {key: value.clone()}, "other": value});
            let is_good = layers.effective(&stored).is_ok();
            prop_assert!(is_good || !layers.problems(&stored).is_empty());
        }
    }
}

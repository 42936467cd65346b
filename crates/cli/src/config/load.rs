//! Reads all layers but the stored one, and settles what cannot stay as it was given: the absent
//! file and the password in clear.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::database::{self, Location};
use super::file::{self, FileError};
use super::keys;
use super::layer::{Layer, Problem, Reading, Source};
use super::password::{self, Password};
use super::yaml::{self, Content};
use super::{ConfigError, ConfigLayers, Flags, Loaded, Purpose, edit};

/// The token that the existing system ships; everybody knows it.
const WELL_KNOWN_TOKEN: &str = "openclaw-register-2024";
const HOW_TO_SET_PASSWORD: &str = "leave it empty and use the setup wizard, or set one with \
                                   `openmoss admin set-password`";

/// Loads the layers.
///
/// # Errors
/// A file that cannot be read or is not a configuration, and values of the wrong type.
pub(super) fn load(
    path: Option<PathBuf>,
    environment: &BTreeMap<String, String>,
    flags: Flags,
    purpose: Purpose,
) -> Result<Loaded, ConfigError> {
    let named = path.or_else(|| {
        let path = environment.get(file::PATH_VARIABLE).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    });
    let mut loader = Loader {
        is_named: named.is_some(),
        path: named.unwrap_or_else(|| PathBuf::from(file::DEFAULT_PATH)),
        purpose,
        warnings: Vec::new(),
        refused: Vec::new(),
        unknown: Vec::new(),
    };
    let (text, is_created) = loader.open()?;
    let mut file = match &text {
        Some(text) => loader.file(text)?,
        None => Layer::empty(Source::File(loader.path.clone())),
    };
    let mut environment = loader.accept(Reading::of_environment(environment));
    let flags = loader.flags(flags);
    loader.warnings.extend(loader.unknown.iter().map(|problem| problem.text.clone()));
    loader.tell_known_token(&file);
    loader.tell_known_token(&environment);

    // Nothing is changed on disk before everything else is known to be good.
    loader.give_up_if_refused()?;
    loader.settle_password(&mut environment);
    let hash = loader.settle_password(&mut file);
    loader.give_up_if_refused()?;
    if let (Some(hash), Some(text), Purpose::Start) = (hash, text, purpose) {
        loader.replace_password(&file, &text, &hash)?;
    }
    let created = is_created.then_some(loader.path);
    let layers = ConfigLayers {
        defaults: Layer::defaults(),
        file,
        environment,
        flags,
        unknown: loader.unknown,
    };
    Ok(Loaded { layers, warnings: loader.warnings, created })
}

struct Loader {
    path: PathBuf,
    /// Whether somebody asked for this file.
    is_named: bool,
    purpose: Purpose,
    warnings: Vec<String>,
    refused: Vec<Problem>,
    unknown: Vec<Problem>,
}

impl Loader {
    /// The text of the file, and whether it was written now.
    fn open(&mut self) -> Result<(Option<String>, bool), ConfigError> {
        if let Some(text) = self.read()? {
            return Ok((Some(text), false));
        }
        if self.purpose == Purpose::Inspect {
            return Ok((None, false));
        }
        let path = self.path.display();
        match file::create(&self.path) {
            Ok(is_created) => Ok((self.read()?, is_created)),
            Err(error) if self.is_named => Err(ConfigError::of(format!(
                "{path}: there is no such file, and it cannot be written: {error}"
            ))),
            Err(error) => {
                self.warnings.push(format!(
                    "{path}: there is no such file, and it cannot be written: {error}. Going on \
                     with the defaults; agents cannot register until agent.registration_token is \
                     set"
                ));
                Ok((None, false))
            }
        }
    }

    fn read(&self) -> Result<Option<String>, ConfigError> {
        let path = self.path.display();
        file::read(&self.path).map_err(|error| {
            ConfigError::of(match &error {
                FileError::Io(error) => format!("{path}: cannot be read: {error}"),
                FileError::NotText { line } => format!("{path}:{line}: {error}"),
                FileError::TooLong => format!("{path}: {error}"),
            })
        })
    }

    fn file(&mut self, text: &str) -> Result<Layer, ConfigError> {
        let path = self.path.display();
        let root = yaml::parse(text)
            .map_err(|error| ConfigError::of(format!("{path}:{}: {}", error.line, error.reason)))?;
        let Some(root) = root else { return Ok(Layer::empty(Source::File(self.path.clone()))) };
        let what = match root.content {
            Content::Mapping(_) => None,
            Content::List(_) => Some("a list"),
            Content::Scalar(..) | Content::Null => Some("a text"),
        };
        if let Some(what) = what {
            return Err(ConfigError::of(format!(
                "{path}:{}: the file must have sections such as `server:` at its top, found {what}",
                root.line
            )));
        }
        let reading = Reading::of_file(&self.path, &root);
        Ok(self.accept(reading))
    }

    fn flags(&mut self, flags: Flags) -> Layer {
        let mut layer = Layer::empty(Source::Flags);
        if let Some(host) = flags.host {
            layer.set("server.host", host);
        }
        if let Some(port) = flags.port {
            layer.set("server.port", port);
        }
        if let Some(database) = flags.database {
            match Location::parse(&database) {
                Ok(location) => {
                    for (key, value) in location.values() {
                        layer.set(key, value);
                    }
                }
                Err(unknown) => {
                    let reason = format!("{unknown}, found {:?}", database::masked(&database));
                    self.refused.push(layer.problem(keys::DATABASE_URL, reason));
                }
            }
        }
        layer
    }

    fn accept(&mut self, reading: Reading) -> Layer {
        self.refused.extend(reading.refused);
        self.unknown.extend(reading.unknown);
        reading.layer
    }

    fn tell_known_token(&mut self, layer: &Layer) {
        if layer.text(keys::REGISTRATION_TOKEN) == Some(WELL_KNOWN_TOKEN) {
            let reason = "agent.registration_token is the published one of the example; whoever \
                          reaches the server can register an agent: set another";
            self.warnings.push(layer.problem(keys::REGISTRATION_TOKEN, reason).text);
        }
    }

    /// Replaces a password in clear by its hash, in memory. What is wrong in itself (md5) stays:
    /// a stored password may be in force over it. Returns the hash that was put in.
    fn settle_password(&mut self, layer: &mut Layer) -> Option<String> {
        let text = layer.text(keys::PASSWORD)?.to_owned();
        let place =
            |reason: &str| layer.problem(keys::PASSWORD, format!("admin.password {reason}"));
        match password::classify(&text) {
            Password::Unset | Password::Malformed | Password::Md5 => {}
            Password::Hashed => {
                if self.purpose == Purpose::Start && password::is_hash_of_well_known(&text) {
                    let reason = "is the hash of the well-known admin123; set a new password with \
                                  `openmoss admin set-password`";
                    self.warnings.push(place(reason).text);
                }
            }
            Password::WellKnown => {
                let reason = "is the well-known admin123 and counts as not set; the setup wizard \
                              sets one";
                self.warnings.push(place(reason).text);
                layer.values.remove(keys::PASSWORD);
            }
            Password::TooLong => {
                let reason = format!("must be at most {} bytes long", password::BYTES_MAX);
                self.refused.push(place(&reason));
            }
            Password::Plain => match password::hash(&text) {
                Ok(hash) => {
                    layer.set(keys::PASSWORD, hash.as_str());
                    return Some(hash);
                }
                Err(error) => {
                    self.refused.push(place(&format!("cannot be hashed: {error}")));
                }
            },
        }
        None
    }

    /// Replaces a password in clear by its hash, in the file.
    fn replace_password(
        &mut self,
        layer: &Layer,
        text: &str,
        hash: &str,
    ) -> Result<(), ConfigError> {
        let place = |reason: String| layer.problem(keys::PASSWORD, reason).text;
        let Ok(edited) = edit::replace_text(text, "admin", "password", hash) else {
            return Err(ConfigError::of(place(format!(
                "admin.password is in clear and cannot be replaced by its hash where it stands; \
                 write it as `password: \"…\"` on one line below `admin:`, or \
                 {HOW_TO_SET_PASSWORD}"
            ))));
        };
        if let Err(error) = file::rewrite(&self.path, text, &edited) {
            self.warnings.push(place(format!(
                "admin.password is in clear and cannot be replaced by its hash in the file: \
                 {error}. It is in force, but everybody who can read the file knows it; \
                 {HOW_TO_SET_PASSWORD}"
            )));
        }
        Ok(())
    }

    fn give_up_if_refused(&self) -> Result<(), ConfigError> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let problems = self.refused.iter().chain(&self.unknown);
        Err(ConfigError { problems: problems.map(|problem| problem.text.clone()).collect() })
    }
}

impl ConfigError {
    fn of(problem: String) -> Self {
        Self { problems: vec![problem] }
    }
}

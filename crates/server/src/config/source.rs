//! Where settings come from: the environment, below it the file that `MINDVIBE_CONFIG` names, and for a secret also the
//! file that `<NAME>_FILE` names.

use super::ConfigError;
use kernel::Secret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variable that names a file of settings.
const FILE: &str = "MINDVIBE_CONFIG";

/// The environment, read once, so that everything after it is a plain function of a map.
#[derive(Clone, Default)]
pub struct Source {
    values: BTreeMap<String, String>,
    /// The names that came from the file.
    from_file: Vec<String>,
    /// What is wrong with the file.
    problem: Option<String>,
}

impl Source {
    /// The process's own environment.
    pub fn environment() -> Self {
        let all = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut source = Self { values: all.collect(), ..Self::default() };
        if let Some(file) = source.get(FILE).map(PathBuf::from) {
            source.read_below(&file);
        }
        source
    }

    /// Takes the settings of a file, one `NAME=value` a line, where the environment has none.
    pub fn read_below(&mut self, file: &Path) {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                for (number, line) in text.lines().enumerate() {
                    match setting(line) {
                        Ok(None) => {}
                        Ok(Some((name, value))) => {
                            self.from_file.push(name.to_owned());
                            self.values.entry(name.to_owned()).or_insert(value);
                        }
                        Err(()) => {
                            self.problem.get_or_insert(format!("line {} is no NAME=value", number + 1));
                        }
                    }
                }
            }
            Err(error) => self.problem = Some(format!("{} cannot be read ({})", file.display(), error.kind())),
        }
    }

    /// # Errors
    /// The file of settings cannot be read or understood.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.problem.clone().map_or(Ok(()), |why| Err(ConfigError::Invalid { name: FILE, why }))
    }

    /// The names that stand in the file of settings.
    pub fn names_in_file(&self) -> &[String] {
        &self.from_file
    }

    /// Without this setting.
    pub fn remove(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// With this value for a setting, whether it is there or not.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// For tests.
    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { values, ..Self::default() }
    }

    /// The same, with a value for a setting that is not there.
    #[must_use]
    pub fn or(mut self, name: &str, value: &str) -> Self {
        self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        self
    }

    /// A setting; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The names that begin so, with their values.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.values.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// The same for a name that is made of others; what is wrong is told in words.
    pub fn secret_named(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        let file_name = format!("{name}_FILE");
        match (self.get(name), self.get(&file_name)) {
            (Some(_), Some(_)) => Err(format!("{name} and {file_name} are both set; keep one")),
            (Some(value), None) => Ok(Some(Secret::new(value.to_owned()))),
            (None, Some(file)) => std::fs::read_to_string(file)
                .map(|text| Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())))
                .map_err(|error| format!("the file of {file_name} cannot be read ({})", error.kind())),
            (None, None) => Ok(None),
        }
    }

    /// A secret from `NAME` or from the file named by `NAME_FILE`; both at once is an error.
    pub fn secret(&self, name: &'static str) -> Result<Option<Secret<String>>, ConfigError> {
        let file_name = format!("{name}_FILE");
        match (self.get(name), self.get(&file_name)) {
            (Some(_), Some(_)) => {
                Err(ConfigError::Invalid { name, why: format!("{name} and {file_name} are both set; keep one") })
            }
            (Some(value), None) => Ok(Some(Secret::new(value.to_owned()))),
            (None, Some(file)) => read(name, Path::new(file)).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// A line of the file: nothing, or a name and its value, in quotes or not.
fn setting(line: &str) -> Result<Option<(&str, String)>, ()> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, value) = line.split_once('=').ok_or(())?;
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = value.trim();
    let quoted = ['\u{22}', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    if is_name { Ok(Some((name, quoted.unwrap_or(value).to_owned()))) } else { Err(()) }
}

fn read(name: &'static str, file: &Path) -> Result<Secret<String>, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Invalid {
        name,
        why: format!("the file of {name}_FILE cannot be read ({})", error.kind()),
    })?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_below_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mindvibe.env");
        std::fs::write(
            &file,
            "# settings\n\nPUBLIC_URL=https://file.example\nexport LOG_LEVEL = \"debug\"\nPORT='81'\n",
        )
        .unwrap();
        let mut source = Source::of([("PUBLIC_URL", "https://mind.example")]);
        source.read_below(&file);
        assert_eq!(source.get("PUBLIC_URL"), Some("https://mind.example"));
        assert_eq!((source.get("LOG_LEVEL"), source.get("PORT")), (Some("debug"), Some("81")));
        assert!(source.check().is_ok());
        assert_eq!(source.names_in_file(), ["PUBLIC_URL", "LOG_LEVEL", "PORT"]);
        std::fs::write(&file, "PORT=1\nCANARY secret\n").unwrap();
        source.read_below(&file);
        let said = source.check().unwrap_err().to_string();
        assert!(said.starts_with("MINDVIBE_CONFIG") && said.contains("line 2") && !said.contains("CANARY"), "{said}");
        let mut source = Source::of([]);
        source.read_below(&folder.path().join("nowhere"));
        assert!(source.check().is_err());
    }
}

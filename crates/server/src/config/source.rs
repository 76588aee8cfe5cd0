//! Where settings come from: the environment, and for a secret also the file that `<NAME>_FILE` names.

use super::ConfigError;
use kernel::Secret;
use std::collections::BTreeMap;
use std::path::Path;

/// The environment, read once, so that everything after it is a plain function of a map.
#[derive(Clone, Default)]
pub struct Source(BTreeMap<String, String>);

impl Source {
    /// The process's own environment.
    pub fn environment() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// For tests.
    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The same, with a value for a setting that is not there.
    #[must_use]
    pub fn or(mut self, name: &str, value: &str) -> Self {
        self.0.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        self
    }

    /// A setting; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The names that begin so, with their values.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
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

fn read(name: &'static str, file: &Path) -> Result<Secret<String>, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Invalid {
        name,
        why: format!("the file of {name}_FILE cannot be read ({})", error.kind()),
    })?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

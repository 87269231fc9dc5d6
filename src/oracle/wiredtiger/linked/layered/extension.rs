//! The page log extension: a library that a variable names.

use crate::oracle::wiredtiger::ExecutorError;
use std::ffi::OsString;
use std::path::PathBuf;

/// The environment variable that names the extension.
pub const PAGE_LOG_VARIABLE: &str = "WIREDTIGER_PAGE_LOG";

/// How the names of WiredTiger's extensions begin.
const PREFIX: &str = "libwiredtiger_";

/// A page log extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The library.
    pub path: PathBuf,
    /// What the page log in it is called.
    pub name: String,
}

impl Extension {
    /// The one that the variable names.
    pub fn find() -> Result<Self, ExecutorError> {
        Self::named(std::env::var_os(PAGE_LOG_VARIABLE))
    }

    /// The same, for a value of the variable.
    fn named(value: Option<OsString>) -> Result<Self, ExecutorError> {
        let mend = "name WiredTiger's page log extension, such as ext/page_log/palm/libwiredtiger_palm.so of its build";
        let refuse = |what: String| Err(ExecutorError::Linked(format!("{PAGE_LOG_VARIABLE}{what}; {mend}")));
        let Some(path) = value.filter(|value| !value.is_empty()).map(PathBuf::from) else {
            return refuse(" is not set".to_owned());
        };
        let shown = path.display().to_string();
        let Ok(path) = path.canonicalize() else {
            return refuse(format!(": {shown}: there is no such file"));
        };
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match stem.strip_prefix(PREFIX) {
            Some(name) if path.is_file() => Ok(Extension { name: name.to_owned(), path }),
            _ => refuse(format!(": {shown} is no page log extension")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: Option<&str>) -> String {
        Extension::named(value.map(OsString::from)).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn what_is_no_extension_is_refused_in_a_line() {
        assert!(refusal(None).contains("WIREDTIGER_PAGE_LOG is not set; name"));
        assert!(refusal(Some("/nowhere/libwiredtiger_palm.so")).contains("there is no such file; name"));
        assert!(refusal(Some("Cargo.toml")).contains("Cargo.toml is no page log extension; name"));
    }

    #[test]
    fn the_page_log_is_called_as_its_library() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("libwiredtiger_palm.so");
        std::fs::write(&path, "").unwrap();
        assert_eq!(Extension::named(Some(path.into())).unwrap().name, "palm");
    }
}

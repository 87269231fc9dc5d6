//! Where the Python is that has WiredTiger: in the environment that `make wiredtiger` makes, or where a variable says.

use super::ExecutorError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variable that names another Python than that of `make wiredtiger`.
pub const PYTHON_VARIABLE: &str = "LOCKSTEP_WIREDTIGER_PYTHON";

/// Where `make wiredtiger` puts it, from the root of the project.
const BUILT: &str = "target/wiredtiger/bin/python";

/// The Python to run: the one that [`PYTHON_VARIABLE`] names, else the one below the current directory, a directory that it
/// is in, or (under cargo) the root of the crate.
pub fn python() -> Result<PathBuf, ExecutorError> {
    let starts: Vec<PathBuf> =
        std::env::current_dir().into_iter().chain(std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)).collect();
    find(std::env::var_os(PYTHON_VARIABLE), &starts)
}

/// The same, for a value of the variable and directories to start from.
fn find(variable: Option<OsString>, starts: &[PathBuf]) -> Result<PathBuf, ExecutorError> {
    if let Some(named) = variable.filter(|value| !value.is_empty()) {
        let python = PathBuf::from(named);
        return if python.is_file() { Ok(python) } else { Err(ExecutorError::NoFile(python)) };
    }
    let mut places = starts.iter().flat_map(|start| start.ancestors()).map(|directory| directory.join(BUILT));
    places.find(|python| python.is_file()).ok_or_else(|| ExecutorError::Missing(Path::new(BUILT).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("target/wiredtiger/bin")).unwrap();
        std::fs::create_dir_all(root.path().join("src/deep")).unwrap();
        std::fs::write(root.path().join(BUILT), "").unwrap();
        root
    }

    #[test]
    fn the_python_that_make_built_is_found_from_a_directory_below() {
        let root = environment();
        let found = find(None, &[root.path().join("src/deep")]).unwrap();
        assert_eq!(found, root.path().join(BUILT));
        assert_eq!(find(Some(OsString::new()), &[root.path().into()]).unwrap(), root.path().join(BUILT));
    }

    #[test]
    fn the_variable_comes_first_and_has_to_name_a_file() {
        let root = environment();
        let other = root.path().join("python3");
        let error = find(Some(other.clone().into()), &[root.path().into()]).unwrap_err();
        assert!(error.to_string().contains("python3 is no file"), "{error}");
        std::fs::write(&other, "").unwrap();
        assert_eq!(find(Some(other.clone().into()), &[root.path().into()]).unwrap(), other);
    }

    #[test]
    fn a_missing_environment_names_its_mend() {
        let empty = tempfile::tempdir().unwrap();
        let error = find(None, &[empty.path().into()]).unwrap_err().to_string();
        assert_eq!(
            error,
            "no WiredTiger to compare with: there is no target/wiredtiger/bin/python: run 'make wiredtiger'"
        );
    }
}

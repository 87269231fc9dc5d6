//! Real WiredTiger in a child process answers what it is asked. Needs `make wiredtiger`.

use lockstep::oracle::wiredtiger::{ChildProcess, Ending, Executor, Settings};

/// A child, or the one line that says how to get one.
fn child() -> ChildProcess {
    Settings::python().and_then(ChildProcess::start).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_version_is_known() {
    assert_eq!(child().version(), "11.3.1");
}

#[test]
fn a_program_is_answered_line_by_line() {
    let request = "program 1 fresh 1 1 1 snapshot\nopen 0 0 0 1 0\nkey 0 0 6b\nvalue 0 0 76\nupdate 0 0\nend\n";
    let answers = ["0 0 - - 0", "0 0 e6b - 0", "0 0 e6b e76 0", "0 0 i6b e76 0"];
    let endings = child().execute(&[request.to_owned()]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(endings, [Ending::Complete(answers.map(str::to_owned).to_vec())]);
}

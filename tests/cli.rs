//! The command line tool from the outside: exit codes, messages, files.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const GOOD: &str = "# lockstep 1\nconfig sessions=1 cursors=1 keys=8\ns0.c0 insert 0010 \"a\" ts=1 => ok - -\ns0.c0 search 0010 => ok 0010 \"a\"\n";

/// The same program, expecting what does not happen.
fn wrong() -> String {
    GOOD.replace("ok 0010 \"a\"", "notfound")
}

fn lockstep() -> Command {
    Command::cargo_bin("lockstep").expect("the binary is built with the tests")
}

/// A directory with one file in it.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(name);
    std::fs::write(&path, content).expect("a temporary file");
    (directory, path)
}

/// Exactly one line on stderr, with exit code 2 and `parts` in it.
fn refuses(command: &mut Command, parts: &[&str]) {
    let output = command.assert().code(2).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(stderr.starts_with("lockstep: "), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} should be in {stderr}");
    }
}

fn encoded(directory: &Path) -> PathBuf {
    let (text, bytes) = (directory.join("good.ops"), directory.join("good"));
    std::fs::write(&text, GOOD).expect("a temporary file");
    lockstep().arg("encode").arg(&text).arg("-o").arg(&bytes).assert().success().stdout(is_empty());
    bytes
}

#[test]
fn a_program_that_does_what_it_expects_agrees() {
    let (_directory, path) = file("good.ops", GOOD);
    lockstep().arg("replay").arg(&path).assert().code(0).stdout(contains("1 agree, 0 mismatch, 0 bad input"));
}

#[test]
fn a_program_that_does_not_is_a_mismatch() {
    let (_directory, path) = file("wrong.ops", wrong());
    let assert = lockstep().arg("replay").arg(&path).assert().code(1);
    assert
        .stdout(contains("step 1, search: code of all against expected"))
        .stdout(contains("the step answered ok, expected notfound"))
        .stdout(contains("follower-layered"))
        .stdout(contains(format!("replay with: lockstep replay {}", path.display())));
}

#[test]
fn every_written_part_of_a_reply_is_checked() {
    let wrong = ["ok 0010 \"b\"", "ok E(0010) \"a\"", "ok 0010 E(\"a\")", "ok - -"];
    for reply in wrong {
        let (_directory, path) = file("wrong.ops", GOOD.replace("ok 0010 \"a\"", reply));
        lockstep().arg("replay").arg(&path).assert().code(1);
    }
    let scans = ["ok empty", "ok 0010=\"b\"", "ok 0010=\"a\" 0020=\"b\""];
    for reply in scans {
        let (_directory, path) = file("wrong.ops", format!("{GOOD}s0 scan next => {reply}\n"));
        lockstep().arg("replay").arg(&path).assert().code(1).stdout(contains("rows of all against expected"));
    }
    let (_directory, path) = file("right.ops", format!("{GOOD}s0 scan next => ok 0010=\"a\"\ns0 scan prev => ok\n"));
    lockstep().arg("replay").arg(&path).assert().code(0);
}

#[test]
fn bad_files_are_named_with_the_place() {
    refuses(lockstep().args(["replay", "no/such/file"]), &["no/such/file", "cannot read"]);
    let (_directory, path) = file("empty", "");
    refuses(lockstep().arg("print").arg(&path), &["empty", "byte 0"]);
    let (_directory, path) = file("other-version", [99_u8; 200]);
    refuses(
        lockstep().arg("replay").arg(&path),
        &["other-version", "not a fuzz input (first byte 99; this build writes 2)"],
    );
    let (_directory, path) = file("torn.ops", GOOD.replace("search", "serach"));
    refuses(lockstep().arg("replay").arg(&path), &["torn.ops:4:7"]);
    let (_directory, path) = file("future.ops", GOOD.replace("# lockstep 1", "# lockstep 9"));
    refuses(lockstep().arg("print").arg(&path), &["future.ops:1:", "9"]);
    let (_directory, path) = file("bytes.ops", [GOOD.as_bytes(), b"s0.c0 value \"\xff\"\n"].concat());
    refuses(lockstep().arg("replay").arg(&path), &["bytes.ops:5:14"]);
}

#[test]
fn a_byte_order_mark_does_no_harm_or_is_named() {
    for name in ["marked.ops", "marked"] {
        let (_directory, path) = file(name, format!("\u{feff}{GOOD}"));
        lockstep().arg("replay").arg(&path).assert().success();
        lockstep().arg("print").arg("--replies").arg(&path).assert().success().stdout(GOOD);
        let wide = GOOD.encode_utf16().flat_map(u16::to_le_bytes);
        let (_directory, path) = file(name, [0xff, 0xfe].into_iter().chain(wide).collect::<Vec<u8>>());
        refuses(lockstep().arg("replay").arg(&path), &["marked", ":1:1: text in UTF-16", "save it as UTF-8"]);
    }
    let (_directory, path) = file("torn.ops", format!("\u{feff}{GOOD}").replace("search", "serach"));
    refuses(lockstep().arg("replay").arg(&path), &["torn.ops:4:7"]);
}

#[test]
fn a_damaged_artifact_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = encoded(directory.path());
    let mut bytes = std::fs::read(&path).expect("just written");
    lockstep().arg("replay").arg(&path).assert().code(0);
    bytes.truncate(bytes.len() - 1);
    std::fs::write(&path, bytes).expect("a temporary file");
    refuses(lockstep().arg("print").arg(&path), &["good", "byte"]);
}

#[test]
fn wrong_usage_is_one_line() {
    refuses(&mut lockstep(), &["which command"]);
    refuses(lockstep().arg("fly"), &["fly"]);
    refuses(lockstep().args(["run", "--profile", "fast"]), &["fast", "swarm"]);
    refuses(lockstep().args(["run", "--seeds", "none"]), &["--seeds"]);
    refuses(lockstep().args(["run", "--oracle", "leader"]), &["leader", "plain, model and twin"]);
    refuses(lockstep().args(["run", "--frob"]), &["--frob"]);
    refuses(lockstep().args(["run", "--time", "soon"]), &["--time"]);
    refuses(lockstep().arg("replay"), &["FILE"]);
    let (_one, one) = file("one.ops", GOOD);
    let (_two, two) = file("two.ops", GOOD);
    refuses(lockstep().args(["replay", "--break", "0"]).args([one, two]), &["--break"]);
}

#[test]
#[cfg(not(feature = "faults"))]
fn a_build_without_faults_says_so() {
    let part = "this build has no planted faults: build it with `--features faults`";
    refuses(lockstep().args(["faults", "list"]), &[part]);
    refuses(lockstep().env("LOCKSTEP_FAULT", "A1").args(["run", "--seeds", "1"]), &["LOCKSTEP_FAULT", part]);
    lockstep().env("LOCKSTEP_FAULT", "").args(["run", "--seeds", "1"]).assert().success();
}

#[cfg(all(feature = "wiredtiger-layered", not(wiredtiger_page_log)))]
#[test]
fn a_build_without_a_wiredtiger_that_has_layered_tables_says_so() {
    use std::io::Write;
    let parts = ["--sut", "build it with WIREDTIGER_DIR naming one of version 12 or newer"];
    refuses(lockstep().args(["run", "--sut", "wiredtiger-layered", "--seeds", "1"]), &parts);
    // Whether or not the test harness keeps what tests print.
    let _ = writeln!(std::io::stderr(), "layered tables of real WiredTiger: skipped: not built in");
}

#[cfg(not(feature = "wiredtiger-layered"))]
#[test]
fn a_build_without_layered_tables_of_wiredtiger_says_so() {
    let parts = ["--sut", "build it with --features wiredtiger-layered and WIREDTIGER_DIR"];
    refuses(lockstep().args(["run", "--sut", "wiredtiger-layered", "--seeds", "1"]), &parts);
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let (directory, _) = file("a.ops", GOOD);
    std::fs::write(directory.path().join("b.ops"), "nonsense").expect("a temporary file");
    std::fs::write(directory.path().join(".hidden"), "").expect("a temporary file");
    let assert = lockstep().arg("replay").arg(directory.path()).assert().code(2);
    assert.stdout(contains("1 agree, 0 mismatch, 1 bad input")).stderr(contains("b.ops:1:"));
    std::fs::write(directory.path().join("c.ops"), wrong()).expect("a temporary file");
    let assert = lockstep().arg("replay").arg(directory.path()).assert().code(1);
    assert.stdout(contains("1 agree, 1 mismatch, 1 bad input"));
}

#[test]
fn an_empty_directory_is_no_success() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    refuses(lockstep().arg("replay").arg(directory.path()), &["no programs"]);
}

#[test]
fn outputs_are_not_overwritten_unasked() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let bytes = encoded(directory.path());
    let text = directory.path().join("good.ops");
    std::fs::write(&text, GOOD.replace("\"a\"", "\"other\"")).expect("a temporary file");
    let before = std::fs::read(&bytes).expect("just written");
    refuses(lockstep().arg("encode").arg(&text).arg("-o").arg(&bytes), &["good", "--force"]);
    assert_eq!(std::fs::read(&bytes).expect("still there"), before);
    lockstep().arg("encode").arg(&text).arg("--force").arg("-o").arg(&bytes).assert().success();
    assert_ne!(std::fs::read(&bytes).expect("still there"), before);
}

#[test]
fn bytes_and_text_are_the_same_program() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let bytes = encoded(directory.path());
    let printed = lockstep().arg("print").arg("--replies").arg(&bytes).assert().success().get_output().stdout.clone();
    assert_eq!(String::from_utf8(printed).expect("text"), GOOD);
    lockstep().arg("print").arg(&bytes).assert().success().stdout(starts_with("# lockstep 1\nconfig "));
}

#[test]
fn json_is_json() {
    let parse = |command: &mut Command| -> Json {
        let output = command.assert().success().get_output().stdout.clone();
        serde_json::from_slice(&output).expect("JSON")
    };
    let (directory, path) = file("good.ops", GOOD);
    let replay = parse(lockstep().arg("replay").arg("--json").arg(&path));
    assert_eq!((&replay["agree"], &replay["files"][0]["result"]), (&Json::from(1), &Json::from("agree")));
    let stats = parse(lockstep().arg("stats").arg("--json").arg(directory.path()));
    assert_eq!((&stats["programs"], &stats["steps"]), (&Json::from(1), &Json::from(2)));
    let run = parse(lockstep().args(["run", "--seeds", "3", "--ops", "50", "--json"]));
    assert_eq!((&run["failure"], &run["stats"]["steps"]), (&Json::Null, &Json::from(150)));
    std::fs::write(&path, wrong()).expect("a temporary file");
    let output = lockstep().arg("replay").arg("--json").arg(&path).assert().code(1).get_output().stdout.clone();
    let failed: Json = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(failed["files"][0]["failure"]["mismatch"]["field"], Json::from("code"));
}

#[test]
fn the_number_of_threads_does_not_show() {
    let run = |jobs: &str| {
        let args = ["run", "--profile", "all", "--seeds", "2", "--ops", "120", "--jobs", jobs];
        lockstep().args(args).assert().success().get_output().stdout.clone()
    };
    let one = run("1");
    assert_eq!(one, run("4"));
    assert!(String::from_utf8_lossy(&one).ends_with("16 programs: all agree\n"));
}

#[test]
fn what_would_run_nothing_is_refused() {
    refuses(lockstep().args(["run", "--ops", "0"]), &["--ops", "from 1 to"]);
    refuses(lockstep().args(["run", "--seeds", "0"]), &["--seeds", "from 1 on"]);
    refuses(lockstep().args(["run", "--time", "0s"]), &["no program has been run", "--time"]);
    refuses(lockstep().args(["run", "--seed", "18446744073709551615", "--seeds", "2"]), &["--seed", "smaller"]);
    refuses(lockstep().args(["replay", "--break", "-1", "x"]), &["-1"]);
}

#[cfg(unix)]
#[test]
fn outputs_are_regular_files_and_never_the_input() {
    let (directory, text) = file("good.ops", GOOD);
    for force in [&[][..], &["--force"]] {
        refuses(lockstep().arg("encode").arg(&text).args(["-o", "/dev/full"]).args(force), &["/dev/full", "regular"]);
        refuses(lockstep().arg("encode").arg(&text).arg("-o").arg(&text).args(force), &["same file"]);
        refuses(lockstep().arg("shrink").arg(&text).arg("-o").arg(&text).args(force), &["same file"]);
        refuses(lockstep().arg("shrink").arg(&text).args(["-o", "/dev/full"]).args(force), &["/dev/full", "regular"]);
        refuses(lockstep().arg("encode").arg(&text).arg("-o").arg(directory.path()).args(force), &["regular"]);
    }
    assert_eq!(std::fs::read_to_string(&text).expect("still there"), GOOD);
}

#[test]
fn a_fuzz_input_needs_no_encoding() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let bytes = encoded(directory.path());
    refuses(lockstep().arg("encode").arg(&bytes).args(["-o", "other"]), &["good", "fuzz input already"]);
}

#[test]
fn a_setting_is_given_once() {
    let (_directory, path) = file("twice.ops", "# lockstep 1\nconfig sessions=1 sessions=2\n");
    refuses(lockstep().arg("replay").arg(path), &["twice.ops:2:19", "second time"]);
}

#[cfg(unix)]
#[test]
fn directories_are_searched_once_and_for_programs() {
    let (directory, _) = file("a.ops", GOOD);
    std::fs::write(directory.path().join("notes.md"), "none").expect("a temporary file");
    std::os::unix::fs::symlink(directory.path(), directory.path().join("loop")).expect("a link");
    let assert = lockstep().arg("replay").arg(directory.path()).assert().code(0);
    assert.stdout(contains("1 agree, 0 mismatch, 0 bad input")).stderr(contains("1 file passed over"));
}

#[test]
fn long_values_are_clipped_in_reports_alone() {
    let value = "v0040.67".repeat(20);
    let long = GOOD.replace("\"a\"", &format!("\"{value}\"")).replace(&format!("ok 0010 \"{value}\""), "notfound");
    let (_directory, path) = file("long.ops", long);
    let report = lockstep().arg("replay").arg(&path).assert().code(1).get_output().stdout.clone();
    let report = String::from_utf8(report).expect("text");
    assert!(report.contains("(160 bytes)") && !report.contains(&value), "{report}");
    lockstep().arg("print").arg(&path).assert().success().stdout(contains(&value));
    lockstep().args(["replay", "-v"]).arg(&path).assert().code(1).stdout(contains(&value));
}

#[test]
fn a_break_that_is_not_reached_is_said() {
    let (_directory, path) = file("good.ops", GOOD);
    let assert = lockstep().args(["replay", "--break", "2"]).arg(&path).assert().code(0);
    assert.stderr(contains("never stopped there"));
}

#[test]
fn every_step_can_be_seen() {
    let (_directory, path) = file("good.ops", GOOD);
    let assert = lockstep().args(["replay", "-v", "--break", "1"]).arg(&path).assert().success();
    assert
        .stdout(contains("     1 s0.c0 search 0010 => ok 0010 \"a\""))
        .stderr(contains("before step 1: s0.c0 search"));
}

#[test]
fn seeds_are_programs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    lockstep().args(["seeds", "--count", "5", "--out"]).arg(directory.path()).assert().success();
    let stats = lockstep().arg("stats").arg(directory.path()).assert().success();
    stats.stdout(contains("programs                                       5"));
}

/// Where nobody reads what goes wrong the exit code still tells.
#[test]
#[cfg(target_os = "linux")]
fn stderr_may_be_closed() {
    let (_directory, path) = file("bad.ops", "# lockstep 1\nnonsense\n");
    let path = path.to_str().expect("a path that is text");
    let check =
        ["predict", "check", "--ops", "50", "--threads", "1", "--lanes", "4", "--tables", "row:base=9:update=90"];
    let fails = [&check[..], &["--mistake", "lost"]].concat();
    for (arguments, code) in [
        (&[][..], 2),
        (&["predict"], 2),
        (&["predict", "check", "--tables", "rows"], 2),
        (&["predict", "replay", path], 2),
        (&fails, 1),
        (&["workload", path], 2),
        (&["workload", "--seeds", "1", "--sequences", "5"], 0),
        (&["replay", path], 2),
        (&["replay", "--break", "9", "tests/regressions/checkpoint-while-stalled.ops"], 0),
        (&["stats", path], 2),
        (&["--help"], 0),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let lockstep = || {
            let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("lockstep"));
            command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(std::process::Stdio::null());
            command
        };
        let to_nobody = lockstep().stderr(writer).status().expect("it ends");
        let to_nowhere = lockstep().stderr(full).status().expect("it ends");
        assert_eq!([to_nobody.code(), to_nowhere.code()], [Some(code); 2], "{arguments:?}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        assert_eq!(
            lockstep().stdout(writer).stderr(std::process::Stdio::null()).status().expect("it ends").code(),
            Some(code)
        );
    }
}

/// The script beside these tests, where the tools are not.
#[test]
#[cfg(unix)]
fn coverage_without_its_tools_says_so_in_a_line() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage.sh");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new("sh").arg(script).env("LLVM", directory.path()).assert().code(2).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    for part in
        ["llvm-cov and llvm-profdata, which are missing in", "rustup component add llvm-tools", "LLVM=DIRECTORY"]
    {
        assert!(stderr.contains(part), "{part:?} should be in {stderr}");
    }
}

#[test]
fn planners_are_compared() {
    let study = ["predict", "study", "--ops", "2000", "--executed", "300", "--lanes", "64"];
    let assert = lockstep().args(study).args(["--scenario", "f"]).assert().success();
    assert.stdout(
        starts_with("F: one table of 700 rows, 5 % inserts (seed 1, 64 lanes)")
            .and(contains("birth lane             100.00 %")),
    );
    let directory = tempfile::tempdir().expect("a temporary directory");
    let plot = directory.path().join("study.svg");
    let own = ["--tables", "2xvar:base=5:insert=20,fix:bits=1:update=50", "--json", "--plot"];
    let assert = lockstep().args(study).args(own).arg(&plot).assert().success();
    let all: Json = serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
    assert_eq!(all[0]["plans"].as_array().map(Vec::len), Some(6));
    assert_eq!(all[0]["executions"][20]["scheme"], "birth lane");
    assert_eq!(all[0]["executions"][20]["waits_per_mille"], 0.0);
    assert!(std::fs::read_to_string(&plot).expect("a plot").starts_with("<svg"));
    // The same picture again is a success, another one needs to be forced.
    lockstep().args(study).args(own).arg(&plot).assert().success();
    refuses(lockstep().args(study).args(["--scenario", "F", "--plot"]).arg(&plot), &["--force replaces it"]);
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let study = ["predict", "study"];
    refuses(lockstep().args(study).args(["--tables", "var:insert=60:update=50"]), &["add up to 100"]);
    refuses(lockstep().args(study).args(["--scenario", "G"]), &["no workload 'G': write A to F"]);
    refuses(lockstep().args(study).args(["--lanes", "0"]), &["1 to 65535"]);
}

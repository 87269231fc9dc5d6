//! Links a real WiredTiger: if the feature `wiredtiger` is on and `WIREDTIGER_DIR` names one, a build directory or an
//! installed prefix. Without the variable nothing is looked for and nothing is linked.
//!
//! What the sources see of it: `cfg(wiredtiger_linked)`, and `cfg(wiredtiger_page_log)` if its header knows page logs,
//! which disaggregated storage is built on. The bindings go to `OUT_DIR/wiredtiger.rs`.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(wiredtiger_linked)");
    println!("cargo::rustc-check-cfg=cfg(wiredtiger_page_log)");
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "wiredtiger")]
    if let Err(complaint) = link::link() {
        println!("cargo::error={complaint}");
    }
}

#[cfg(feature = "wiredtiger")]
mod link {
    use bindgen::callbacks::{IntKind, ParseCallbacks};
    use std::env;
    use std::fs;
    use std::panic;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// The variable that names the directory.
    const VARIABLE: &str = "WIREDTIGER_DIR";
    /// The first version whose answers are those that the project goes by.
    const OLDEST: (u32, u32) = (11, 3);
    /// Where a library is, below a build directory or an installed prefix.
    const LIBRARY_DIRECTORIES: [&str; 5] = ["", "lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"];

    /// What to do if it names something else.
    const MEND: &str = "name a directory in which WiredTiger 11.3 or newer was built or installed";

    /// A WiredTiger that can be linked.
    struct Found {
        header: PathBuf,
        directory: PathBuf,
        /// `libwiredtiger.so`; else it is `libwiredtiger.a`.
        shared: bool,
    }

    /// Finds, binds and links what the variable names. The error is one line, with the mend.
    pub fn link() -> Result<(), String> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        let Some(directory) = env::var_os(VARIABLE).filter(|directory| !directory.is_empty()) else {
            return Ok(());
        };
        let found = find(Path::new(&directory))?;
        println!("cargo::rerun-if-changed={}", found.header.display());
        let header = fs::read_to_string(&found.header).map_err(|error| refuse(&found.header, &error.to_string()))?;
        check_version(&found.header, &header)?;
        bind(&found.header)?;
        if header.contains("pl_get_complete_checkpoint_ext") {
            println!("cargo::rustc-cfg=wiredtiger_page_log");
        }
        println!("cargo::rustc-cfg=wiredtiger_linked");
        tell_the_linker(&found)
    }

    fn refuse(path: &Path, what: &str) -> String {
        format!("{VARIABLE}: {}: {what}", path.display())
    }

    /// Looks in the directory itself and, if it is a source tree, in its `build`.
    fn find(given: &Path) -> Result<Found, String> {
        let root = given.canonicalize().map_err(|error| refuse(given, &format!("{error}; {MEND}")))?;
        let roots = [root.clone(), root.join("build")];
        let header = roots
            .iter()
            .flat_map(|root| [root.join("include/wiredtiger.h"), root.join("wiredtiger.h")])
            .find(|header| header.is_file())
            .ok_or_else(|| refuse(given, &format!("neither include/wiredtiger.h nor wiredtiger.h is there; {MEND}")))?;
        let directories = roots.iter().flat_map(|root| LIBRARY_DIRECTORIES.map(|below| root.join(below)));
        let directories: Vec<PathBuf> = directories.collect();
        let with = |name: &str| directories.iter().find(|directory| directory.join(name).is_file());
        // The shared library first: it brings along what it needs itself.
        match (with("libwiredtiger.so"), with("libwiredtiger.a")) {
            (Some(directory), _) => Ok(Found { header, directory: directory.clone(), shared: true }),
            (None, Some(directory)) => Ok(Found { header, directory: directory.clone(), shared: false }),
            (None, None) => {
                let what = "neither libwiredtiger.so nor libwiredtiger.a is in it or in its lib directory";
                Err(refuse(given, &format!("{what}; {MEND}")))
            }
        }
    }

    fn check_version(path: &Path, header: &str) -> Result<(), String> {
        let number = |name: &str| -> Option<u32> {
            let line = header.lines().find(|line| line.split_whitespace().nth(1) == Some(name))?;
            line.split_whitespace().nth(2)?.parse().ok()
        };
        match (number("WIREDTIGER_VERSION_MAJOR"), number("WIREDTIGER_VERSION_MINOR")) {
            (Some(major), Some(minor)) if (major, minor) >= OLDEST => Ok(()),
            (Some(major), Some(minor)) => Err(refuse(path, &format!("this is WiredTiger {major}.{minor}; {MEND}"))),
            _ => Err(refuse(path, &format!("no WIREDTIGER_VERSION_MAJOR in it; {MEND}"))),
        }
    }

    /// The flags of cursors are all of one type, whatever their values in this version are.
    #[derive(Debug)]
    struct Flags;

    impl ParseCallbacks for Flags {
        fn int_macro(&self, name: &str, _: i64) -> Option<IntKind> {
            name.starts_with("WT_CURSTD_").then_some(IntKind::U64)
        }
    }

    /// Translates the header. bindgen panics if there is no libclang.
    fn bind(header: &Path) -> Result<(), String> {
        let output = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; build with cargo")?);
        println!("cargo::rerun-if-env-changed=LIBCLANG_PATH");
        let builder = bindgen::Builder::default()
            .header(header.to_string_lossy())
            .clang_args(compiler_headers())
            .allowlist_function("wiredtiger_(open|version|strerror)")
            .allowlist_var("(WT_CURSTD_(KEY|VALUE)_(EXT|INT)|WT_NOTFOUND|WT_PANIC|WT_ROLLBACK|WT_DUPLICATE_KEY)")
            .allowlist_var("(WT_PREPARE_CONFLICT|WIREDTIGER_VERSION_(MAJOR|MINOR|PATCH))")
            .parse_callbacks(Box::new(Flags))
            .rust_edition(bindgen::RustEdition::Edition2024)
            .derive_default(true)
            .derive_copy(false)
            .derive_debug(false)
            .layout_tests(false)
            .generate_comments(false)
            .formatter(bindgen::Formatter::None);
        let quiet = panic::take_hook();
        panic::set_hook(Box::new(|_| ()));
        let bindings = panic::catch_unwind(panic::AssertUnwindSafe(|| builder.generate()));
        panic::set_hook(quiet);
        let bindings = bindings.map_err(|_| {
            "libclang, which reads WiredTiger's header, is missing: install libclang-dev, or set LIBCLANG_PATH to the \
             directory that has libclang.so"
        })?;
        let bindings = bindings.map_err(|error| refuse(header, &format!("bindgen cannot read it: {error}")))?;
        bindings.write_to_file(output.join("wiredtiger.rs")).map_err(|error| refuse(&output, &error.to_string()))
    }

    /// Where the C compiler has its `stddef.h`, for a libclang that has come without any.
    fn compiler_headers() -> Vec<String> {
        let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let answer = Command::new(compiler).arg("-print-file-name=include").output();
        let directory = answer.ok().and_then(|answer| String::from_utf8(answer.stdout).ok()).unwrap_or_default();
        match directory.trim() {
            "" | "include" => Vec::new(),
            directory => vec!["-idirafter".to_owned(), directory.to_owned()],
        }
    }

    fn tell_the_linker(found: &Found) -> Result<(), String> {
        let directory = found.directory.display();
        println!("cargo::rustc-link-search=native={directory}");
        if found.shared {
            println!("cargo::rustc-link-lib=dylib=wiredtiger");
            println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
            println!("cargo::metadata=rpath={directory}");
            return Ok(());
        }
        let library = found.directory.join("libwiredtiger.a");
        println!("cargo::rerun-if-changed={}", library.display());
        println!("cargo::rustc-link-lib=static=wiredtiger");
        for system in ["pthread", "dl", "m"] {
            println!("cargo::rustc-link-lib=dylib={system}");
        }
        let bytes = fs::read(&library).map_err(|error| refuse(&library, &error.to_string()))?;
        // The mark of C++ that handles exceptions: then its library is needed, too.
        if bytes.windows(20).any(|window| window == b"__gxx_personality_v0") {
            println!("cargo::rustc-link-lib=dylib=stdc++");
        }
        Ok(())
    }
}

//! A WiredTiger is linked where that is asked for, and found where it was when it was linked, if it is a shared library.

fn main() {
    println!("cargo::rerun-if-env-changed=WIREDTIGER_DIR");
    let wanted = std::env::var_os("CARGO_FEATURE_WIREDTIGER").is_some();
    if wanted && std::env::var_os("WIREDTIGER_DIR").is_none() {
        println!(
            "cargo::error=WIREDTIGER_DIR is not set, and the feature wiredtiger needs it: name a directory in which WiredTiger \
             11.3 or newer was built or installed"
        );
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_WIREDTIGER_RPATH");
    if let Ok(directory) = std::env::var("DEP_WIREDTIGER_RPATH") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
    }
}

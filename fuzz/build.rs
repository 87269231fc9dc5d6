//! A WiredTiger is linked where that is asked for, and found where it was when it was linked, if it is a shared library.

fn main() {
    println!("cargo::rerun-if-env-changed=WIREDTIGER_DIR");
    let wanted = std::env::var_os("CARGO_FEATURE_WIREDTIGER").is_some();
    if wanted && std::env::var_os("WIREDTIGER_DIR").is_none() {
        println!("cargo::error=the feature wiredtiger needs WIREDTIGER_DIR, a build of WiredTiger 11.3 or newer");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_WIREDTIGER_RPATH");
    if let Ok(directory) = std::env::var("DEP_WIREDTIGER_RPATH") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
    }
}

//! A linked WiredTiger is found where it was when it was linked, if it is a shared library.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_WIREDTIGER_RPATH");
    if let Ok(directory) = std::env::var("DEP_WIREDTIGER_RPATH") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
    }
}

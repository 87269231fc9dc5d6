//! The C API as bindgen sees it in the header of the linked version: written by build.rs, for this directory only.

// Generated: the names are C's, and more is declared than is called.
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals, dead_code, clippy::all)]
#![allow(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/wiredtiger.rs"));

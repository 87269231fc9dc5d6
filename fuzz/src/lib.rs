//! What the fuzz targets share: an input, and the name that libFuzzer gives to one that crashed.

use arbitrary::{Arbitrary, Error, Unstructured};
use lockstep::program::Program;
use sha1::{Digest, Sha1};
use std::fmt;

/// A program, shown as `.ops` text, and the bytes that it was decoded from. What `lockstep replay` would refuse is no
/// input.
pub struct Input<'a> {
    /// What the bytes say.
    pub program: Program,
    bytes: &'a [u8],
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self, Error> {
        let bytes = bytes.bytes(bytes.len())?;
        let program = Program::from_artifact(bytes).map_err(|_| Error::IncorrectFormat)?;
        Ok(Input { program, bytes })
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.fmt(f)
    }
}

impl Input<'_> {
    /// Where libFuzzer keeps the input if it crashes `target`, under the name that it makes of the bytes.
    pub fn artifact(&self, target: &str) -> String {
        let name: String = Sha1::digest(self.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("artifacts/{target}/crash-{name}")
    }
}

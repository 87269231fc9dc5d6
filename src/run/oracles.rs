//! What a run compares the layered tables with, as a choice and as text.

use std::fmt;
use std::str::FromStr;

/// What the layered tables of follower and leader are compared with. Both nodes always take part: without the
/// leader's checkpoints the follower would have nothing to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oracles {
    /// A plain table of the follower, driven by twins of the sessions.
    pub plain: bool,
    /// The executable specification.
    pub model: bool,
    /// The layered table of one more follower, to which physical events happen at other moments.
    pub twin: bool,
}

impl Default for Oracles {
    fn default() -> Self {
        Oracles { plain: true, model: true, twin: false }
    }
}

/// A list of oracles that names one that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no oracle '{0}': the oracles are plain, model and twin, separated by commas")]
pub struct UnknownOracle(String);

impl FromStr for Oracles {
    type Err = UnknownOracle;

    fn from_str(text: &str) -> Result<Self, UnknownOracle> {
        let mut oracles = Oracles { plain: false, model: false, twin: false };
        for name in text.split(',') {
            match name.trim() {
                "plain" => oracles.plain = true,
                "model" => oracles.model = true,
                "twin" => oracles.twin = true,
                other => return Err(UnknownOracle(other.to_owned())),
            }
        }
        Ok(oracles)
    }
}

impl fmt::Display for Oracles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.plain, "plain"), (self.model, "model"), (self.twin, "twin")];
        let chosen: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        f.write_str(&chosen.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oracles_are_a_list_of_names() {
        assert_eq!("plain,model".parse(), Ok(Oracles::default()));
        assert_eq!("model".parse(), Ok(Oracles { plain: false, model: true, twin: false }));
        assert_eq!("plain,twin".parse(), Ok(Oracles { plain: true, model: false, twin: true }));
        assert_eq!(Oracles::default().to_string(), "plain,model");
        let error = "plain,leader".parse::<Oracles>().unwrap_err();
        assert_eq!(error.to_string(), "no oracle 'leader': the oracles are plain, model and twin, separated by commas");
    }
}

//! `--oracle`: the backends that take part in a run, and real WiredTiger, which answers afterwards.

use lockstep::run::Oracles;
use std::fmt;
use std::str::FromStr;

/// What `--oracle` lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OracleList {
    /// Those that take part in the run.
    pub own: Oracles,
    /// Whether a plain table of real WiredTiger answers the same calls.
    pub wiredtiger: bool,
}

const WIREDTIGER: &str = "wiredtiger";

impl FromStr for OracleList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (real, own): (Vec<&str>, Vec<&str>) = text.split(',').partition(|name| name.trim() == WIREDTIGER);
        if real.is_empty() {
            let own = text.parse().map_err(|error: lockstep::run::UnknownOracle| error.to_string())?;
            return Ok(OracleList { own, wiredtiger: false });
        }
        if !cfg!(feature = "wiredtiger") {
            return Err("this lockstep was built without wiredtiger: build it with --features wiredtiger".to_owned());
        }
        let own: Oracles = match own.is_empty() {
            true => Oracles { plain: false, model: true, twin: false },
            false => own.join(",").parse().map_err(|error: lockstep::run::UnknownOracle| error.to_string())?,
        };
        // What WiredTiger is asked is what the model was asked.
        Ok(OracleList { own: Oracles { model: true, ..own }, wiredtiger: true })
    }
}

impl fmt::Display for OracleList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.own.fmt(f)?;
        if self.wiredtiger { write!(f, ",{WIREDTIGER}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_the_run_unless_it_names_wiredtiger() {
        assert_eq!("plain,model".parse(), Ok(OracleList::default()));
        assert!("plain,leader".parse::<OracleList>().unwrap_err().starts_with("no oracle 'leader'"));
        assert_eq!(OracleList::default().to_string(), "plain,model");
    }

    #[cfg(feature = "wiredtiger")]
    #[test]
    fn wiredtiger_brings_the_model_along() {
        let both = OracleList { own: Oracles::default(), wiredtiger: true };
        assert_eq!("plain,wiredtiger".parse(), Ok(both));
        assert_eq!(both.to_string(), "plain,model,wiredtiger");
        let alone: OracleList = "wiredtiger".parse().unwrap();
        assert_eq!(alone.own, Oracles { plain: false, model: true, twin: false });
    }

    #[cfg(not(feature = "wiredtiger"))]
    #[test]
    fn a_build_without_wiredtiger_says_so() {
        assert!("plain,wiredtiger".parse::<OracleList>().unwrap_err().contains("--features wiredtiger"));
    }
}

//! Percentages, exact to a thousandth.

use std::fmt;
use std::str::FromStr;

/// A percentage from 0 to 100 in steps of 0.001.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// Nothing.
    pub const NONE: Percent = Percent(0);
    /// Everything.
    pub const ALL: Percent = Percent(100_000);

    /// So many whole percent; never more than all.
    pub const fn whole(percent: u32) -> Self {
        Percent::milli(percent.saturating_mul(1000))
    }

    /// So many thousandths of a percent; never more than all.
    pub const fn milli(thousandths: u32) -> Self {
        Percent(if thousandths > Percent::ALL.0 { Percent::ALL.0 } else { thousandths })
    }

    /// In thousandths of a percent.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// As a share from 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(Percent::ALL.0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no percentage: write 0 to 100, with three decimals at most");
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(rest) || whole.len() > 3 || rest.len() > 3 {
            return Err(wrong());
        }
        let number = |part: String| part.parse::<u32>().map_err(|_| wrong());
        let thousandths = number(format!("{whole}{rest:0<3}"))?;
        if thousandths > Percent::ALL.0 { Err(wrong()) } else { Ok(Percent(thousandths)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_written_as_they_are_read() {
        for text in ["0", "0.1", "53", "12.345", "99.999", "100"] {
            assert_eq!(text.parse::<Percent>().map(|percent| percent.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("1.5".parse(), Ok(Percent::milli(1500)));
        for wrong in ["", ".", "5.", ".5", "-1", "100.001", "1.2345", "1e1", "0x1", "1000", "+1"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}

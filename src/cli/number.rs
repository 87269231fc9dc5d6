//! Numbers and times on the command line: what is wrong with one, and what to write instead.

use std::time::Duration;

/// A whole number from `MIN` to `MAX`.
pub fn number<const MIN: u64, const MAX: u64>(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
        _ if MAX == u64::MAX => Err(format!("write a whole number from {MIN} on, below 2 to the power of 64")),
        _ => Err(format!("write a whole number from {MIN} to {MAX}")),
    }
}

/// A span of time.
pub fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write a number and its unit, such as 60s or 10m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_says_which_are() {
        assert_eq!(number::<1, 4>("4"), Ok(4));
        for wrong in ["0", "5", "-1", "", "two"] {
            assert_eq!(number::<1, 4>(wrong), Err("write a whole number from 1 to 4".to_owned()));
        }
        assert!(number::<0, { u64::MAX }>("18446744073709551616").is_err());
        assert!(time("soon").is_err_and(|message| message.contains("60s")));
    }
}

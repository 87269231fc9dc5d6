//! Numbers in sentences.

use std::fmt::Display;

/// So many of what `one` names: `1 change`, `2 changes`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let end = if number == N::from(1) { "" } else { "s" };
    format!("{number} {one}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(
            [count(0_u64, "table"), count(1_usize, "table"), count(2_u32, "table")],
            ["0 tables", "1 table", "2 tables"]
        );
    }
}

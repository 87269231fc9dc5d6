//! Numbers as keys and values of tables.

use crate::backend::{self, Format};

/// How a table of a workload keeps its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFormat {
    /// How it keeps its records.
    pub format: Format,
    /// The largest value that fits.
    pub largest: u64,
}

impl TableFormat {
    /// The format of a table with these formats of WiredTiger's. `None`: no number fits.
    pub fn new(key_format: &str, value_format: &str) -> Option<Self> {
        let large = |format| TableFormat { format, largest: u64::MAX };
        match (key_format, value_format) {
            ("Q", "Q") => Some(large(Format::Row)),
            ("r", "Q") => Some(large(Format::Variable)),
            ("r", value) => {
                let bits = match value.strip_suffix('t')? {
                    "" => 1,
                    bits => bits.parse().ok().filter(|bits| (1..=8).contains(bits))?,
                };
                Some(TableFormat { format: Format::Fixed, largest: (1 << bits) - 1 })
            }
            _ => None,
        }
    }

    /// The smallest key there is.
    pub fn smallest_key(self) -> u64 {
        u64::from(self.format.is_column())
    }

    /// A key; the order of bytes is the order of numbers.
    pub fn key(self, number: u64) -> backend::Key {
        backend::record_number(number)
    }

    /// A value.
    pub fn value(self, number: u64) -> backend::Value {
        match self.format {
            Format::Fixed => backend::Value::new(&[number as u8]),
            Format::Row | Format::Variable => backend::Value::new(&number.to_be_bytes()),
        }
    }
}

/// The number that became a key or a value; 0 of what none did.
pub fn number_of(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_three() {
        let of = |key, value| TableFormat::new(key, value).map(|table| (table.format, table.largest));
        assert_eq!(of("Q", "Q"), Some((Format::Row, u64::MAX)));
        assert_eq!(of("r", "Q"), Some((Format::Variable, u64::MAX)));
        assert_eq!(of("r", "8t"), Some((Format::Fixed, 255)));
        assert_eq!(of("r", "3t"), Some((Format::Fixed, 7)));
        assert_eq!(of("r", "t"), Some((Format::Fixed, 1)));
        for (key, value) in [("S", "Q"), ("Q", "S"), ("r", "9t"), ("r", "0t"), ("Q", "8t"), ("r", "u")] {
            assert_eq!(of(key, value), None, "{key} {value}");
        }
    }

    #[test]
    fn numbers_come_back() {
        let (row, fixed) = (TableFormat::new("Q", "Q").unwrap(), TableFormat::new("r", "8t").unwrap());
        assert_eq!(number_of(&row.key(0x1234)), 0x1234);
        assert_eq!(number_of(&row.value(u64::MAX)), u64::MAX);
        assert_eq!(number_of(&fixed.value(255)), 255);
        assert!(row.key(255) < row.key(256));
    }
}

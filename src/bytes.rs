//! Byte strings: what keys and values are made of. Short ones are stored inline, so that the
//! ordinary step allocates nothing; long ones are shared and cheap to clone.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The longest byte string that is stored inline, in bytes. Chosen so that a [`ByteStr`] is three words.
pub const INLINE_MAX: usize = HEAD - 1;

/// An immutable byte string, ordered bytewise, as WiredTiger orders raw (`u`) keys.
///
/// The first part tells most byte strings apart, by one comparison, and is copied like a number.
#[derive(Clone)]
pub struct ByteStr {
    /// The first [`INLINE_MAX`] bytes, padded with zeros; then how many there are, or [`HEAD`] if they are not all.
    head: [u8; HEAD],
    /// All of them, if they are more.
    long: Option<Arc<Box<[u8]>>>,
}

/// The size of the first part in bytes.
const HEAD: usize = size_of::<u128>();

impl ByteStr {
    /// The empty byte string.
    pub const EMPTY: ByteStr = ByteStr { head: [0; HEAD], long: None };

    /// Copies `bytes`.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        let mut head = [0; HEAD];
        if bytes.len() <= INLINE_MAX {
            head[..bytes.len()].copy_from_slice(bytes);
            head[INLINE_MAX] = bytes.len() as u8;
            ByteStr { head, long: None }
        } else {
            head[..INLINE_MAX].copy_from_slice(&bytes[..INLINE_MAX]);
            head[INLINE_MAX] = HEAD as u8;
            ByteStr { head, long: Some(Arc::new(bytes.into())) }
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.long {
            None => &self.head[..usize::from(self.head[INLINE_MAX])],
            Some(bytes) => bytes,
        }
    }

    /// The first eight bytes as a number, padded with zeros. Byte strings are in the order of these, those alike aside.
    #[inline]
    pub fn leading(&self) -> u64 {
        self.rank()[0]
    }

    /// The halves of the head as numbers. They order as the bytes do: padding compares as the smallest byte, and where it
    /// is all that differs, the count that comes last makes a prefix the smaller one. Only two long strings may have the
    /// same.
    #[inline]
    fn rank(&self) -> [u64; 2] {
        let rank = u128::from_be_bytes(self.head);
        [(rank >> 64) as u64, rank as u64]
    }
}

impl Deref for ByteStr {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<[u8]> for ByteStr {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Default for ByteStr {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<&[u8]> for ByteStr {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<&str> for ByteStr {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<Vec<u8>> for ByteStr {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(&bytes)
    }
}

impl PartialEq for ByteStr {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head && (self.long.is_none() || self.long == other.long)
    }
}

impl Eq for ByteStr {}

impl PartialOrd for ByteStr {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByteStr {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let ([first, second], [other_first, other_second]) = (self.rank(), other.rank());
        if first != other_first {
            return first.cmp(&other_first); // most often
        }
        second.cmp(&other_second).then_with(|| self.long.cmp(&other.long))
    }
}

impl Hash for ByteStr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// `"text"`, everything but printable ASCII escaped as in a Rust byte string.
impl fmt::Debug for ByteStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_three_words_and_orders_bytewise_across_the_inline_limit() {
        assert_eq!(size_of::<ByteStr>(), 24);
        let long = ByteStr::from(vec![b'a'; INLINE_MAX + 1]);
        let short = ByteStr::from(vec![b'a'; INLINE_MAX]);
        assert!(short < long && long < ByteStr::from("b"));
        assert_eq!(long.len(), INLINE_MAX + 1);
        assert_eq!(format!("{:?}", ByteStr::from(&b"\x14\x14a\""[..])), r#""\x14\x14a\"""#);
    }

    #[test]
    fn compares_as_slices_do() {
        let mut all = vec![Vec::new()];
        for len in [1, 7, 8, 9, INLINE_MAX, INLINE_MAX + 1, INLINE_MAX + 2] {
            for last in [0, 1, 0x7f, 0x80, 0xff] {
                for fill in [0, b'a', 0xff] {
                    let mut bytes = vec![fill; len];
                    bytes[len - 1] = last;
                    all.push(bytes);
                }
            }
        }
        for a in &all {
            for b in &all {
                let (left, right) = (ByteStr::new(a), ByteStr::new(b));
                assert_eq!(left.cmp(&right), a.cmp(b), "{a:?} and {b:?}");
                assert_eq!(left == right, a == b, "{a:?} and {b:?}");
            }
        }
    }
}

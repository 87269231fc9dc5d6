//! Byte strings: what keys and values are made of. Short ones are stored inline, so that the
//! ordinary step allocates nothing; long ones are shared and cheap to clone.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The longest byte string that is stored inline, in bytes. Chosen so that a [`ByteStr`] is three words.
pub const INLINE_MAX: usize = 22;

/// An immutable byte string, ordered bytewise, as WiredTiger orders raw (`u`) keys.
#[derive(Clone)]
pub struct ByteStr(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, data: [u8; INLINE_MAX] },
    Shared(Arc<[u8]>),
}

impl ByteStr {
    /// The empty byte string.
    pub const EMPTY: ByteStr = ByteStr(Repr::Inline { len: 0, data: [0; INLINE_MAX] });

    /// Copies `bytes`.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE_MAX {
            let mut data = [0; INLINE_MAX];
            data[..bytes.len()].copy_from_slice(bytes);
            ByteStr(Repr::Inline { len: bytes.len() as u8, data })
        } else {
            ByteStr(Repr::Shared(Arc::from(bytes)))
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, data } => &data[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
        }
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
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // What lies beyond the length is zero on both sides.
            (Repr::Inline { len, data }, Repr::Inline { len: other_len, data: other_data }) => {
                len == other_len && data == other_data
            }
            _ => self.eq_shared(other),
        }
    }
}

impl ByteStr {
    /// Whether two byte strings are equal that are not both inline.
    #[inline(never)]
    fn eq_shared(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
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
    #[inline(always)]
    fn cmp(&self, other: &Self) -> Ordering {
        // Comparing words is much faster than a call to `memcmp`, and most keys differ in the first one.
        if let (Repr::Inline { data, .. }, Repr::Inline { data: other_data, .. }) = (&self.0, &other.0) {
            let order = word::<0>(data).cmp(&word::<0>(other_data));
            if order.is_ne() {
                return order;
            }
        }
        self.cmp_further(other)
    }
}

impl ByteStr {
    /// The order of two byte strings that do not differ in their first words, or are not inline.
    #[inline(never)]
    fn cmp_further(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Padding compares as the smallest byte, so that a prefix is smaller, or equal until the lengths decide.
            (Repr::Inline { len, data }, Repr::Inline { len: other_len, data: other_data }) => {
                let words = word::<WORD>(data).cmp(&word::<WORD>(other_data));
                let last_words = || word::<LAST_WORD>(data).cmp(&word::<LAST_WORD>(other_data));
                words.then_with(last_words).then(len.cmp(other_len))
            }
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

/// The size of a word in bytes.
const WORD: usize = size_of::<u64>();
/// Where the last word of inline data begins. It overlaps the one before.
const LAST_WORD: usize = INLINE_MAX - WORD;

/// The word at `START` as a number that orders as its bytes do.
#[inline]
fn word<const START: usize>(data: &[u8; INLINE_MAX]) -> u64 {
    data[START..].first_chunk().map_or(0, |word| u64::from_be_bytes(*word))
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
        for len in [1, 7, 8, 9, INLINE_MAX, INLINE_MAX + 1] {
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

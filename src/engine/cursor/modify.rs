//! What `modify` makes of a value.

use crate::backend::{Delta, Value};

/// Applies `deltas` in order, each to the result of the one before. A gap between the end of the value and an offset
/// is filled with zero bytes; a size that reaches past the end is clipped.
pub fn apply(base: &Value, deltas: &[Delta]) -> Value {
    let mut bytes = base.to_vec();
    for delta in deltas {
        let offset = delta.offset as usize;
        if bytes.len() < offset {
            bytes.resize(offset, 0);
        }
        let end = offset.saturating_add(delta.size as usize).min(bytes.len());
        bytes.splice(offset..end, delta.data.iter().copied());
    }
    Value::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modify(base: &str, deltas: &[(&str, u32, u32)]) -> String {
        let deltas: Vec<Delta> =
            deltas.iter().map(|&(data, offset, size)| Delta { data: data.into(), offset, size }).collect();
        apply(&base.into(), &deltas).escape_ascii().to_string()
    }

    #[test]
    fn replaces_grows_shrinks_pads_and_clips_in_order() {
        assert_eq!(modify("v30", &[("ZZ", 0, 1)]), "ZZ30");
        assert_eq!(modify("v30", &[("", 1, 1)]), "v0");
        assert_eq!(modify("v30", &[("ZZ", 5, 0)]), "v30\\x00\\x00ZZ");
        assert_eq!(modify("v30", &[("Z", 2, 99)]), "v3Z");
        assert_eq!(modify("abc", &[("xyz", 1, 1), ("-", 0, 2)]), "-yzc");
    }
}

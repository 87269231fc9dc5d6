//! Long values in reports for people: their beginning, their end and how many bytes they have.

/// A quoted string with more characters than this is clipped.
const LONGEST: usize = 64;
/// How many characters of its beginning and of its end are shown.
const SHOWN: (usize, usize) = (40, 12);

/// `line` with its long quoted strings clipped: `"v0040.67v0040.67...67v0040.67" (1234 bytes)`.
pub(super) fn clip(line: &str) -> String {
    let mut out = String::with_capacity(line.len().min(1024));
    let mut rest = line;
    while let Some(start) = rest.find('"') {
        let body = &rest[start + 1..];
        let characters = characters(body);
        let Some(&end) = characters.last().filter(|&&end| body[end..].starts_with('"')) else { break };
        out.push_str(&rest[..=start]);
        if end <= LONGEST {
            out.push_str(&body[..=end]);
        } else {
            let bytes = characters.len() - 1;
            let head = characters.iter().rev().find(|&&at| at <= SHOWN.0).copied().unwrap_or(0);
            let tail = characters.iter().find(|&&at| at + SHOWN.1 >= end).copied().unwrap_or(end);
            out.push_str(&format!("{}...{}\" ({bytes} bytes)", &body[..head], &body[tail..end]));
        }
        rest = &body[end + 1..];
    }
    out + rest
}

/// Where the characters of a quoted string begin, an escape sequence being one, and last where the string ends.
fn characters(body: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(c) = body[at..].chars().next() {
        starts.push(at);
        at += match c {
            '"' => break,
            '\\' if body[at..].starts_with("\\x") => 4,
            '\\' => 2,
            _ => c.len_utf8(),
        };
        if !body.is_char_boundary(at) {
            break;
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_strings_stay() {
        for line in [r#"s0.c0 insert 0010 "a\"b" ts=1 => ok E("c") -"#, r#"an "unclosed string"#, r#"a "torn \x"#] {
            assert_eq!(clip(line), line);
        }
    }

    #[test]
    fn long_strings_are_clipped_between_characters() {
        let long = format!("set \"{}\" E(\"{}\") end", "v0040.67".repeat(20), r#"\x14\n\""#.repeat(30));
        let first = r#""v0040.67v0040.67v0040.67v0040.67v0040.67...0.67v0040.67" (160 bytes)"#;
        let second = format!("\"{}...{}\" (90 bytes)", r#"\x14\n\""#.repeat(5), r#"\n\"\x14\n\""#);
        assert_eq!(clip(&long), format!("set {first} E({second}) end"));
    }
}

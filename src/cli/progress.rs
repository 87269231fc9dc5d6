//! Progress, on a terminal only and on stderr, so that it is in nobody's way.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts up to `total`, or up without an end.
pub fn bar(total: Option<u64>, template: &str) -> ProgressBar {
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let style = ProgressStyle::with_template(template).ok();
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// A bar for a list of files; nothing for one that is over before anyone looks.
pub fn files(count: usize) -> ProgressBar {
    if count < 2 {
        return ProgressBar::hidden();
    }
    bar(Some(count as u64), "{elapsed} {wide_bar} {pos}/{len} files")
}

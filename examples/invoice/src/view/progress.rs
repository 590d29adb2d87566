//! Progress bars for long operations.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr. It draws nothing if stderr is not a terminal. Without a length it only counts.
pub fn bar(length: Option<u64>, what: &'static str) -> ProgressBar {
    let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = match length {
        Some(_) => "{msg} {wide_bar} {percent} %, {eta} left",
        None => "{msg} {spinner} {human_pos}",
    };
    bar.with_message(what).with_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()))
}

/// A spinner on stderr for an operation of unknown duration. It draws nothing if stderr is not a
/// terminal.
pub fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

//! The rows of an upload as bars, with what is sent, skipped and left below them.

use super::say::{shown, width, wrapped};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use omt::config::Size;
use omt::report::Duration;
use omt::wizard::view::{Row, Upload, UploadState};

/// The bars on the screen.
pub(super) struct Rows {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
    figures: ProgressBar,
    pace: ProgressBar,
    keys: ProgressBar,
}

impl Rows {
    pub(super) fn new(upload: &Upload) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = |template: &str| {
            let bar = all.add(ProgressBar::new(1));
            // A template that is written here and cannot be wrong; the default serves as well.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("█▌ "));
            }
            bar
        };
        let bars = upload.rows.iter().map(|_| bar("{prefix:16} {bar:10} {wide_msg}")).collect();
        let (figures, pace, keys) = (bar("{wide_msg}"), bar("{wide_msg}"), bar("{wide_msg}"));
        let rows = Self { all, bars, figures, pace, keys };
        rows.show(upload);
        rows
    }

    /// Shows these figures.
    pub(super) fn show(&self, upload: &Upload) {
        for (bar, row) in self.bars.iter().zip(&upload.rows) {
            let all = row.items.max(row.ended).max(1);
            bar.set_length(all);
            bar.set_position(if matches!(row.state, "succeeded" | "incomplete") { all } else { row.ended });
            bar.set_prefix(row.title);
            bar.set_message(shown(&of_row(row)));
        }
        self.figures.set_message(figures(upload));
        self.pace.set_message(pace(upload));
        self.keys.set_message(keys(upload.state));
    }

    /// Says a line above the bars.
    pub(super) fn say(&self, text: &str) {
        for line in wrapped(&shown(text), width() - 1, "", "  ") {
            // What cannot be shown is in the report.
            let _ = self.all.println(line);
        }
    }

    /// Takes the bars away while something is asked.
    pub(super) fn aside<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.all.suspend(ask)
    }

    /// Shows the last figures and leaves them there.
    pub(super) fn end(self, upload: Option<&Upload>) {
        if let Some(upload) = upload {
            self.show(upload);
        }
        self.keys.finish_and_clear();
        for bar in self.bars.iter().chain([&self.figures, &self.pace]) {
            bar.abandon();
        }
    }
}

fn of_row(row: &Row) -> String {
    let mut parts: Vec<String> = Some(row.text.clone()).into_iter().filter(|text| !text.is_empty()).collect();
    if row.items > 0 && row.state == "running" {
        parts.push(format!("{} of {}", row.ended, row.items));
    } else if row.items > 0 {
        parts.push(format!("{} items", row.items));
    }
    // A running row says itself what it has sent.
    if row.sent > 0 && row.state != "running" {
        parts.push(format!("{} sent", Size(row.sent)));
    }
    if row.skipped > 0 {
        parts.push(format!("{} skipped", Size(row.skipped)));
    }
    parts.join(", ")
}

fn figures(upload: &Upload) -> String {
    let (sent, skipped, proven) = (Size(upload.sent), Size(upload.skipped), Size(upload.verified));
    format!("{sent} sent, {skipped} skipped, {proven} proven, after {}", Duration(upload.seconds))
}

fn pace(upload: &Upload) -> String {
    let mut parts = Vec::new();
    match upload.state {
        UploadState::Paused => parts.push("paused: nothing is sent".to_owned()),
        UploadState::Stopping => parts.push("stopping: what is under way is finished".to_owned()),
        _ => {}
    }
    if let (Some(left), UploadState::Running) = (&upload.left, upload.state) {
        let (least, most) = (Duration(left.least), Duration(left.most));
        parts.push(format!("{} left ({least} to {most})", Duration(left.seconds)));
    }
    if let (Some(speed), UploadState::Running) = (upload.throughput.last(), upload.state) {
        parts.push(format!("{}/s", Size(speed.max(0.0) as u64)));
    }
    parts.extend(upload.limit.map(|limit| format!("limit {}/s", Size(limit))));
    parts.extend(upload.bottleneck.as_ref().map(|what| format!("waits for {what}")));
    parts.extend(upload.frozen_seconds.map(|seconds| format!("frozen for {}", Duration(seconds))));
    parts.join(", ")
}

fn keys(state: UploadState) -> &'static str {
    match state {
        UploadState::Paused => "keys: p go on · l limit · t troubles · s stop",
        UploadState::Stopping => "keys: s or Ctrl-C again: drop what is under way",
        _ => "keys: p pause · l limit · t troubles · s or Ctrl-C stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omt::wizard::view::Left;

    #[test]
    fn a_row_says_what_it_has_sent_once() {
        let running = Row {
            state: "running",
            text: "Uploading 2.0 KiB".into(),
            items: 9,
            ended: 4,
            sent: 2048,
            skipped: 1024,
            ..Row::default()
        };
        assert_eq!(of_row(&running), "Uploading 2.0 KiB, 4 of 9, 1.0 KiB skipped");
        let ended = Row { state: "succeeded", text: "Succeeded".into(), ended: 9, ..running };
        assert_eq!(of_row(&ended), "Succeeded, 9 items, 2.0 KiB sent, 1.0 KiB skipped");
        assert_eq!(of_row(&Row::default()), "");
    }

    #[test]
    fn time_left_is_said_with_how_far_it_may_be_off_and_only_while_something_is_sent() {
        let left = Some(Left { seconds: 60.0, least: 30.0, most: 125.0 });
        let running = Upload {
            state: UploadState::Running,
            left,
            throughput: vec![10.0, 2048.0],
            limit: Some(4096),
            ..Upload::default()
        };
        assert_eq!(pace(&running), "1 min 00 s left (30.0 s to 2 min 05 s), 2.0 KiB/s, limit 4.0 KiB/s");
        let paused = Upload { state: UploadState::Paused, ..running };
        assert_eq!(pace(&paused), "paused: nothing is sent, limit 4.0 KiB/s");
    }
}

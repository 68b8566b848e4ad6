//! A line of a file with a marker beneath a value, as people are shown what is wrong with it.

use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Snippet;

/// The source of a line, without what a line of Windows and a file's mark of its encoding add. The end of a text has none.
pub(super) fn line_of(text: &str, line: usize) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    source.strip_suffix('\r').unwrap_or(source)
}

/// The lines of a text, asked for one after the other: a text is gone through once, however many lines are shown.
pub(super) struct Lines<'a> {
    rest: std::str::Split<'a, char>,
    /// Which line `source` is; 0 before the first.
    line: usize,
    source: &'a str,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text).split('\n'),
            line: 0,
            source: "",
        }
    }

    /// The source of a line, as [`line_of`] has it; it must not stand before the last one that was asked for.
    pub(super) fn find(&mut self, line: usize) -> &'a str {
        while self.line < line {
            let source = self.rest.next().unwrap_or_default();
            self.source = source.strip_suffix('\r').unwrap_or(source);
            self.line = self.line.saturating_add(1);
        }
        self.source
    }
}

/// `source`, which is line `line` of a file as `printable::in_place` gives it, with a marker below `length` characters from
/// character `column` (from 1) on.
pub(super) fn snippet(source: &str, line: usize, column: usize, length: usize) -> Snippet<'_, Annotation<'_>> {
    let bytes = |characters: usize| source.char_indices().nth(characters).map_or(source.len(), |(at, _)| at);
    let start = bytes(column.saturating_sub(1));
    let span = start..bytes(column.saturating_sub(1).saturating_add(length));
    Snippet::source(source)
        .line_start(line)
        .annotation(AnnotationKind::Primary.span(span))
}

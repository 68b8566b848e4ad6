//! Standard output and standard error. What is printed there passes through here, so that no text of others is obeyed by a
//! terminal; our own colours and JSON have ways of their own.

use std::env;
use std::fmt;
use std::fmt::Display;
use std::io;
use std::io::IsTerminal;
use std::io::Write;

use annotate_snippets::Renderer;
use eks_auth_core::value::printable;

/// Prints text for people with `write!` and `writeln!`. It is no [`Write`], which would let any bytes pass.
pub(super) struct Printer<W = Box<dyn Write>>(W);

/// Standard output, for as long as it is held.
pub(super) fn out() -> Printer {
    Printer(Box::new(io::stdout().lock()))
}

/// Standard error, for as long as it is held.
pub(super) fn err() -> Printer {
    Printer(Box::new(io::stderr().lock()))
}

/// Whether standard input is a terminal.
pub(super) fn is_in_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether standard error is a terminal.
pub(super) fn is_err_terminal() -> bool {
    io::stderr().is_terminal()
}

/// In colour where standard output is a terminal that wants it.
pub(super) fn renderer() -> Renderer {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !no_color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
}

impl<W: Write> Printer<W> {
    /// What `write!` and `writeln!` call. Lines of `text` stay lines; a field that must not end one goes through
    /// [`printable::line`] before.
    pub(super) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.0.write_all(printable::lines(&text.to_string()).as_bytes())
    }

    /// A JSON document, as `{:#}` or `{}` prints it, and the end of its line.
    pub(super) fn json(&mut self, document: impl Display) -> io::Result<()> {
        let document = document.to_string();
        self.0.write_all(printable::json(&document).as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// What is ours to the last byte, such as colours, or is read by programs alone.
    pub(super) fn verbatim(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Lets everything out that is printed.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_and_what_is_ours_passes() {
        let mut printer = Printer(Vec::new());
        let (first, second) = ("a\u{1b}[2J", "\u{202e}b\nc\u{9b}");
        writeln!(printer, "{first}:\t{second}").unwrap();
        printer.json(serde_json::json!({"a": "\u{1b}\u{202e}"})).unwrap();
        printer.verbatim(b"\x1b[1mours\x1b[0m\n").unwrap();
        printer.flush().unwrap();
        let wanted = "a\\u{1b}[2J:\t\\u{202e}b\nc\\u{9b}\n{\"a\":\"\\u001b\\u202e\"}\n\u{1b}[1mours\u{1b}[0m\n";
        assert_eq!(String::from_utf8(printer.0).unwrap(), wanted);
    }
}

//! How far one word is from another.

/// Whether so many letters at most, put in, left out or exchanged, make one word of the other. It looks at each letter a few times
/// only.
pub(crate) fn differ_by(letters: usize, a: &str, b: &str) -> bool {
    // What both begin with needs no change, in the shortest way from one to the other.
    let mut rests = (a.chars(), b.chars());
    let (a, b) = loop {
        let (a, b) = (rests.0.as_str(), rests.1.as_str());
        match (rests.0.next(), rests.1.next()) {
            (None, None) => return true,
            (left, right) if left == right => {}
            _ => break (a, b),
        }
    };
    let Some(letters) = letters.checked_sub(1) else {
        return false;
    };
    match (without_first(a), without_first(b)) {
        (Some(a_behind), Some(b_behind)) => {
            differ_by(letters, a_behind, b_behind) || differ_by(letters, a_behind, b) || differ_by(letters, a, b_behind)
        }
        (Some(a_behind), None) => differ_by(letters, a_behind, b),
        (None, Some(b_behind)) => differ_by(letters, a, b_behind),
        (None, None) => true,
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut rest = text.chars();
    rest.next().map(|_| rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::differ_by;

    #[test]
    fn letters_are_counted() {
        for (a, b, letters) in [
            ("", "", 0),
            ("rw", "rw", 0),
            ("rw", "ro", 1),
            ("reader", "readers", 1),
            ("readr", "reader", 1),
            ("reader", "raeder", 2),
            ("dev", "ops", 3),
        ] {
            assert!(differ_by(letters, a, b), "{a} {b}");
            assert!(letters == 0 || !differ_by(letters - 1, a, b), "{a} {b}");
        }
    }
}

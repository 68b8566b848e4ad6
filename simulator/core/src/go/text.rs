//! How Go compares and lower-cases text: character by character, by simple case mappings.

/// `strings.ToLower`. Rust's own lower-casing knows a final sigma and makes two characters of `İ`.
pub(crate) fn to_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .map(|c| match c {
            'İ' => 'i',
            c => c.to_lowercase().next().unwrap_or(c),
        })
        .collect()
}

/// Texts have the same fold where `strings.EqualFold` holds: `K` (Kelvin) and `ſ` fold to `k` and `s`.
pub(crate) fn fold(text: &str) -> String {
    fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    }
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .map(|c| {
            let upper = single(c, c.to_uppercase());
            single(upper, upper.to_lowercase())
        })
        .collect()
}

/// `strings.EqualFold`.
pub(crate) fn equal_fold(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    fold(one) == fold(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_letters_are_mapped_as_in_go() {
        assert_eq!(to_lower("ΣΑΣ İK ſ"), "σασ ik ſ");
        assert_eq!(fold("ΣΑΣ K ſ ß"), "σασ k s ß");
        assert!(equal_fold("x-\u{212a}8s-aw\u{17f}-id", "X-K8S-AWS-ID"));
        assert!(!equal_fold("İ", "i"));
    }
}

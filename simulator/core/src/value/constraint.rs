//! How AWS words parameters that its models do not allow.

use std::fmt::Display;

/// What is wrong with one parameter: `value` as it was given, null where it was not.
#[must_use]
pub fn fault(value: Option<&str>, member: &str, constraint: &str) -> String {
    let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
    format!("Value {value} at '{member}' failed to satisfy constraint: {constraint}")
}

/// What is wrong with one parameter that messages do not show.
#[must_use]
pub fn secret_fault(member: &str, constraint: &str) -> String {
    format!("Value at '{member}' failed to satisfy constraint: {constraint}")
}

/// That a parameter is not there, but must be.
#[must_use]
pub fn missing(member: &str) -> String {
    fault(None, member, "Member must not be null")
}

/// The constraint that a length breaks, if it does.
#[must_use]
pub fn of_length(length: usize, least: usize, most: usize) -> Option<String> {
    bound("length", length, least, most)
}

/// The constraint that a number breaks, if it does.
#[must_use]
pub fn of_value<N: Display + PartialOrd>(number: N, least: N, most: N) -> Option<String> {
    bound("value", number, least, most)
}

fn bound<N: Display + PartialOrd>(what: &str, number: N, least: N, most: N) -> Option<String> {
    if number < least {
        Some(format!("Member must have {what} greater than or equal to {least}"))
    } else if number > most {
        Some(format!("Member must have {what} less than or equal to {most}"))
    } else {
        None
    }
}

/// The message of a call with these faults; nothing where there are none.
#[must_use]
pub fn message(faults: &[String]) -> Option<String> {
    let plural = match faults.len() {
        0 => return None,
        1 => "",
        _ => "s",
    };
    Some(format!(
        "{} validation error{plural} detected: {}",
        faults.len(),
        faults.join("; ")
    ))
}

/// The message of a call with one fault.
#[must_use]
pub fn message_of_one(fault: &str) -> String {
    format!("1 validation error detected: {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted() {
        let (a, b) = (missing("a"), fault(Some("x"), "b", "Member must be y"));
        assert_eq!(message(&[]), None);
        let one =
            "1 validation error detected: Value null at 'a' failed to satisfy constraint: Member must not be null";
        assert_eq!(message(std::slice::from_ref(&a)).unwrap(), one);
        assert_eq!(message_of_one(&a), one);
        assert_eq!(
            message(&[a, b]).unwrap(),
            "2 validation errors detected: Value null at 'a' failed to satisfy constraint: Member must not be null; Value 'x' \
             at 'b' failed to satisfy constraint: Member must be y"
        );
    }
}

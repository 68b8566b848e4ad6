//! What Go's standard library makes of a token: base64, URLs, queries, numbers and times, with its error texts.
//!
//! Source: `encoding/base64`, `net/url`, `strconv` and `time` of Go 1.26.

use std::collections::BTreeMap;

use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// `base64.RawURLEncoding.DecodeString`: line ends are passed over, spare bits at the end are not looked at. The error is
/// the offset in `CorruptInputError`.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for (at, byte) in text.bytes().enumerate() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            b'\r' | b'\n' => continue,
            _ => return Err(at),
        };
        bits = (bits << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            let [_, whole @ ..] = bits.to_be_bytes();
            bytes.extend_from_slice(&whole);
            (bits, count) = (0, 0);
        }
    }
    match count {
        1 => return Err(text.len() - 1),
        2 => bytes.extend((bits << 12).to_be_bytes().into_iter().skip(1).take(1)),
        3 => bytes.extend((bits << 6).to_be_bytes().into_iter().skip(1).take(2)),
        _ => {}
    }
    Ok(bytes)
}

/// Whether `url.ParseRequestURI` accepts it: an absolute URL or an absolute path.
pub(crate) fn is_request_uri(text: &str) -> bool {
    !text.is_empty()
        && Url::parse_without_fragment(text)
            .is_ok_and(|url| !url.scheme.is_empty() || text.starts_with('/') || text == "*")
}

/// The parts of `url.URL` that verification reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    /// In lower case.
    pub(crate) scheme: String,
    /// `NAME:PASSWORD`, decoded, where something stands before the host and its `@`.
    pub(crate) user: Option<String>,
    /// With its port, decoded.
    pub(crate) host: String,
    /// Decoded.
    pub(crate) path: String,
    /// As it came.
    pub(crate) raw_path: String,
    /// As it came.
    pub(crate) query: String,
}

impl Url {
    /// `url.Parse`; the error is Go's whole text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let parsed = Self::parse_without_fragment(url).map_err(|error| format!("parse {}: {error}", go_quote(url)))?;
        unescape(fragment, Mode::Other).map_err(|error| format!("parse {}: {error}", go_quote(text)))?;
        Ok(parsed)
    }

    fn parse_without_fragment(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        if text == "*" {
            return Ok(Self {
                path: "*".to_owned(),
                raw_path: "*".to_owned(),
                ..Self::default()
            });
        }
        let (scheme, rest) = split_scheme(text)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Self {
            scheme: scheme.to_lowercase(),
            query: query.to_owned(),
            ..Self::default()
        };
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                // An opaque URL: no host, no path.
                return Ok(url);
            }
            if rest.split('/').next().unwrap_or_default().contains(':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let mut path = rest;
        if let (Some(after), true) = (
            rest.strip_prefix("//"),
            !url.scheme.is_empty() || !rest.starts_with("///"),
        ) {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, rest) = after.split_at(end);
            (url.user, url.host) = parse_authority(&url.scheme, authority)?;
            path = rest;
        }
        url.path = unescape(path, Mode::Other)?;
        path.clone_into(&mut url.raw_path);
        if url.raw_path.is_empty() {
            url.raw_path.push('/');
        }
        Ok(url)
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => {
                let (scheme, rest) = text.split_at(at);
                return Ok((scheme, rest.strip_prefix(':').unwrap_or(rest)));
            }
            _ => break,
        }
    }
    Ok(("", text))
}

/// The user, where there is one, and the host with its port.
fn parse_authority(scheme: &str, authority: &str) -> Result<(Option<String>, String), String> {
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    let host = parse_host(scheme, host)?;
    let Some(user) = user else {
        return Ok((None, host));
    };
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(good) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let user = format!("{}:{}", unescape(name, Mode::Other)?, unescape(password, Mode::Other)?);
    Ok((Some(user), host))
}

fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    let check_port = |port: &str| {
        let digits = port.strip_prefix(':').unwrap_or_default();
        let valid = port.is_empty() || (port.starts_with(':') && digits.bytes().all(|byte| byte.is_ascii_digit()));
        if valid {
            Ok(())
        } else {
            Err(format!("invalid port {} after host", go_quote(port)))
        }
    };
    match host.rfind('[') {
        Some(0) => {
            let inner = host.strip_prefix('[').unwrap_or(host);
            let (inner, port) = inner.rsplit_once(']').ok_or_else(|| "missing ']' in host".to_owned())?;
            check_port(port)?;
            let port = unescape(port, Mode::Host)?;
            let zone_at = inner.find("%25").unwrap_or(inner.len());
            let (address, zone) = inner.split_at(zone_at);
            let name = unescape(address, Mode::Host)? + &unescape(zone, Mode::Zone)?;
            check_ip_v6(&name)?;
            return Ok(format!("[{name}]{port}"));
        }
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // Other schemes than these two may have colons in their hosts.
    let colon = if matches!(scheme, "http" | "https") {
        host.find(':')
    } else {
        host.rfind(':')
    };
    check_port(colon.and_then(|at| host.get(at..)).unwrap_or_default())?;
    unescape(host, Mode::Host)
}

/// What may stand in brackets (`netip.ParseAddr`).
///
/// FIDELITY: Go names ten ways in which an IPv6 address can be wrong; here the wrong ones with colons share a text.
fn check_ip_v6(text: &str) -> Result<(), String> {
    let invalid = |why: &str| Err(format!("invalid host: ParseAddr({}): {why}", go_quote(text)));
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    match text.find(['.', ':', '%']).and_then(|at| text.get(at..at + 1)) {
        Some(".") if text.parse::<std::net::Ipv4Addr>().is_ok() => Err("invalid IP-literal".to_owned()),
        Some(".") => match text.find(|c: char| !c.is_ascii_digit() && c != '.') {
            Some(at) => invalid(&format!(
                "unexpected character (at {})",
                go_quote(text.get(at..).unwrap_or_default())
            )),
            None => invalid("IPv4 address too short"),
        },
        Some(":") if zone == Some("") => invalid("zone must be a non-empty string"),
        Some(":") if address.parse::<std::net::Ipv6Addr>().is_ok() => Ok(()),
        Some(":") => invalid("unable to parse IP"),
        Some(_) => invalid("missing IPv6 address"),
        None => invalid("unable to parse IP"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Host,
    Query,
    Other,
    /// What follows the percent sign in an IPv6 address.
    Zone,
}

fn unescape(text: &str, mode: Mode) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let hex = |byte: &u8| {
                    char::from(*byte)
                        .to_digit(16)
                        .and_then(|digit| u8::try_from(digit).ok())
                };
                let shown = || {
                    let end = tail.len().min(2);
                    let escape = String::from_utf8_lossy(tail.get(..end).unwrap_or_default()).into_owned();
                    format!("invalid URL escape {}", go_quote(&format!("%{escape}")))
                };
                let [high, low, tail @ ..] = tail else {
                    return Err(shown());
                };
                let (Some(high), Some(low)) = (hex(high), hex(low)) else {
                    return Err(shown());
                };
                let byte = high << 4 | low;
                let allowed = match mode {
                    // Hosts may have escapes of non-ASCII bytes and of the percent sign only.
                    Mode::Host => !byte.is_ascii() || byte == b'%',
                    Mode::Zone => byte == b'%' || byte == b' ' || is_host_character(byte),
                    Mode::Query | Mode::Other => true,
                };
                if !allowed {
                    return Err(shown());
                }
                bytes.push(byte);
                rest = tail;
            }
            b'+' if mode == Mode::Query => bytes.push(b' '),
            byte if matches!(mode, Mode::Host | Mode::Zone) && byte.is_ascii() && !is_host_character(*byte) => {
                return Err(format!(
                    "invalid character {} in host name",
                    go_quote(&char::from(*byte).to_string())
                ));
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_host_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// `url.ParseQuery`: names in order of first appearance, each with all its values; nothing when any part is malformed.
pub(crate) fn parse_query(query: &str) -> Option<Vec<(String, Vec<String>)>> {
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return None;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = unescape(key, Mode::Query).ok()?;
        let value = unescape(value, Mode::Query).ok()?;
        let place = places.get(&key).and_then(|place| pairs.get_mut(*place));
        match place {
            Some((_, values)) => values.push(value),
            None => {
                places.insert(key.clone(), pairs.len());
                pairs.push((key, vec![value]));
            }
        }
    }
    Some(pairs)
}

/// `strconv.Atoi`; the error is the value that comes with Go's error: 0, or the nearest that fits.
pub(crate) fn atoi(text: &str) -> Result<i64, i64> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(0);
    }
    text.parse().map_err(|_| if negative { i64::MIN } else { i64::MAX })
}

/// `time.Parse("20060102T150405Z", text)`; the error is Go's text. Like Go, it accepts an hour of one digit where no second
/// one follows, and a fraction of a second, of which nine digits count.
pub(crate) fn parse_amz_time(text: &str) -> Result<Timestamp, String> {
    let whole = || format!("parsing time {}", quote(text));
    let bad = |rest: &str, element: &str| {
        format!(
            "{} as \"20060102T150405Z\": cannot parse {} as {}",
            whole(),
            quote(rest),
            quote(element)
        )
    };
    let range = |what: &str| format!("{}: {what} out of range", whole());
    let number = |rest: &mut &str, element: &str, least: usize, most: usize| {
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (head, tail) = rest.split_at(digits);
        match head.parse::<u32>() {
            Ok(value) if digits >= least => {
                *rest = tail;
                Ok(value)
            }
            _ => Err(bad(rest, element)),
        }
    };
    let literal = |rest: &mut &str, element: &str| match rest.strip_prefix(element) {
        Some(tail) => {
            *rest = tail;
            Ok(())
        }
        None => Err(bad(rest, element)),
    };
    let mut rest = text;
    let year = number(&mut rest, "2006", 4, 4)?;
    let month = number(&mut rest, "01", 2, 2)?;
    if !(1..=12).contains(&month) {
        return Err(range("month"));
    }
    let day = number(&mut rest, "02", 2, 2)?;
    literal(&mut rest, "T")?;
    let hour = number(&mut rest, "15", 1, 2)?;
    if hour >= 24 {
        return Err(range("hour"));
    }
    let minute = number(&mut rest, "04", 2, 2)?;
    if minute >= 60 {
        return Err(range("minute"));
    }
    let second = number(&mut rest, "05", 2, 2)?;
    if second >= 60 {
        return Err(range("second"));
    }
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ','])
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, tail) = fraction.split_at(digits);
        nanoseconds = format!("{digits:0<9}")
            .get(..9)
            .map_or(0, |digits| digits.parse().unwrap_or(0));
        rest = tail;
    }
    literal(&mut rest, "Z")?;
    if !rest.is_empty() {
        return Err(format!("{}: extra text: {}", whole(), quote(rest)));
    }
    Timestamp::parse_amz(&format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"))
        .map(|whole| whole.plus_nanoseconds(nanoseconds))
        .map_err(|_| range("day"))
}

/// The quoting of package time: control characters and bytes that are not ASCII become `\xNN`.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each name was looked for among all before it: 10^10 comparisons.
    #[test]
    fn a_query_of_many_names_is_read_in_one_pass() {
        let query: Vec<String> = (0..150_000).map(|at| format!("n{at}=1")).collect();
        let mut pairs = parse_query(&format!("{}&n7=2", query.join("&"))).unwrap();
        assert_eq!(pairs.len(), 150_000);
        assert_eq!(
            pairs.swap_remove(7),
            ("n7".to_owned(), vec!["1".to_owned(), "2".to_owned()])
        );
    }
}

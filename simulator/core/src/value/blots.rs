//! What was blotted out of a text before it was passed on, and what stands in for it while the text is judged.
//!
//! People replace account ids by `xxxxxxxxxxxx`, `<account-id>`, `***`, `REDACTED`, `123456` or nothing before they ask for
//! help. Nothing of the rest depends on the number, so twelve digits that no text has stand in: the same blot is the same
//! account, another one another. Names that no principal can have (`<role>`, `***`) get letters in their place, and values
//! that YAML would take for an alias, a comment or a list (`****`, `####`, `[REDACTED]`) too. [`Blots::shown`] puts the
//! customer's own blots back into what is answered, and [`Blots::column`] places into the text as it was given.
//!
//! A number of the wrong length is a blot only where no whole id stands anywhere: beside whole ones it is a mistake.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// No section of an ARN that is looked at is longer, in bytes.
const LONGEST: usize = 80;
/// So many different blots are told apart; who blots out more by hand is not known.
const MOST: usize = 64;
/// The first stand-in that is tried.
const FIRST_STAND_IN: u64 = 900_000_000_001;
/// The digits of an account id.
const DIGITS: usize = 12;

/// Brackets around what stands for something.
const BRACKETS: [(&str, &str); 8] = [
    ("${", "}"),
    ("{{", "}}"),
    ("$(", ")"),
    ("&lt;", "&gt;"),
    ("<", ">"),
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
];
/// What the authenticator itself replaces in names, so that it is no blot but a mistake in an ARN.
const TEMPLATES: [&str; 5] = [
    "{{AccessKeyID}}",
    "{{AccountID}}",
    "{{EC2PrivateDNSName}}",
    "{{SessionName}}",
    "{{SessionNameRaw}}",
];
/// Words that stand where an id was. In an ARN any word is one.
const WORDS: [&str; 13] = [
    "account",
    "accountid",
    "accountnumber",
    "awsaccount",
    "awsaccountid",
    "censored",
    "hidden",
    "id",
    "masked",
    "omitted",
    "redacted",
    "removed",
    "sanitized",
];
/// Where an account stands in AWS's own ARNs, and is no number.
const OF_AWS: [&str; 3] = ["aws", "aws-marketplace", "cloudfront"];

/// What was done to a blot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// Twelve digits that no text has.
    Account,
    /// Letters, in place of a name or value.
    Name,
    /// It is taken for the only account that the texts name.
    TheAccount,
}

/// How a blot is written. People who mean different accounts keep to one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Style {
    /// Digits, but not twelve.
    Digits,
    /// Nothing.
    Empty,
    /// `xxxx`, `****`, `1234********`.
    Mask,
    /// `<account-id>`, `${ACCOUNT}`, `ACCOUNT`, `REDACTED`.
    Word,
}

/// A blot, once for all its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blot {
    /// As it is written where it stands first.
    pub(crate) text: String,
    /// What stands in for it.
    pub(crate) stand_in: String,
    pub(crate) kind: StandIn,
    /// Its first place: the text, from 0, the line and the column, from 1, in the text as it was given.
    pub(crate) place: (usize, usize, usize),
    style: Style,
}

/// Texts with stand-ins in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blots {
    texts: Vec<Cleared>,
    blots: Vec<Blot>,
}

/// A text and where it was changed.
#[derive(Clone, Debug, Default)]
struct Cleared {
    text: String,
    /// By line, in order.
    shifts: BTreeMap<usize, Vec<Shift>>,
}

/// A stretch of a line that was replaced, in characters from 1.
#[derive(Clone, Copy, Debug)]
struct Shift {
    new: usize,
    new_length: usize,
    old: usize,
    old_length: usize,
}

/// A stretch of a line that may be a blot, in bytes.
#[derive(Clone, Copy, Debug)]
struct Spot {
    start: usize,
    end: usize,
    /// Nothing for a name or a value.
    account: Option<Style>,
}

/// What one line has.
#[derive(Default)]
struct Line {
    spots: Vec<Spot>,
    /// Whole account ids.
    accounts: Vec<String>,
}

impl Blots {
    /// Looks for blots in `texts`. `known` are accounts that are said elsewhere. Where `is_one_case`, a single blot beside a
    /// single account is taken for it: so it is in artifacts of one case, but not in a file that lists accounts.
    pub(crate) fn of(texts: &[&str], known: &[&str], is_one_case: bool) -> Self {
        let mut accounts: BTreeSet<String> = known.iter().map(|known| (*known).to_owned()).collect();
        let mut numbers: BTreeSet<&str> = known.iter().copied().collect();
        let mut lines: Vec<Vec<Line>> = Vec::with_capacity(texts.len());
        for text in texts {
            numbers.extend(numbers_of(text));
            let mut in_accounts = false;
            let found: Vec<Line> = text.split('\n').map(|line| read_line(line, &mut in_accounts)).collect();
            accounts.extend(found.iter().flat_map(|line| line.accounts.iter().cloned()));
            lines.push(found);
        }
        let mut naming = Naming {
            has_whole_ids: !accounts.is_empty(),
            blots: Vec::new(),
            keys: BTreeMap::new(),
            numbers,
            next: FIRST_STAND_IN,
            prefix: free_prefix(texts),
        };
        for (at, (text, lines)) in (0_usize..).zip(texts.iter().zip(&lines)) {
            for (number, (line, found)) in (1_usize..).zip(text.split('\n').zip(lines)) {
                for spot in &found.spots {
                    naming.add(line, spot, (at, number));
                }
            }
        }
        let mut of_accounts = naming.blots.iter_mut().filter(|blot| blot.kind == StandIn::Account);
        if let (Some(only), None) = (of_accounts.next(), of_accounts.next())
            && is_one_case
            && accounts.len() == 1
            && let Some(account) = accounts.first()
        {
            only.kind = StandIn::TheAccount;
            only.stand_in.clone_from(account);
        }
        let texts = texts.iter().zip(&lines);
        let texts = texts.map(|(text, lines)| naming.clear(text, lines)).collect();
        Self {
            texts,
            blots: naming.blots,
        }
    }

    /// A text that is taken as it is.
    pub(crate) fn none(text: &str) -> Self {
        let cleared = Cleared {
            text: text.to_owned(),
            shifts: BTreeMap::new(),
        };
        Self {
            texts: vec![cleared],
            blots: Vec::new(),
        }
    }

    /// One of the texts, with stand-ins.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |cleared| cleared.text.as_str())
    }

    /// Each blot once.
    pub(crate) fn all(&self) -> &[Blot] {
        &self.blots
    }

    /// The column in the text as it was given.
    pub(crate) fn column(&self, at: usize, line: usize, column: usize) -> usize {
        let shifts = self.texts.get(at).and_then(|cleared| cleared.shifts.get(&line));
        let before = shifts.and_then(|shifts| {
            let count = shifts.partition_point(|shift| shift.new <= column);
            shifts.get(count.checked_sub(1)?)
        });
        let Some(shift) = before else { return column };
        let inside = column.saturating_sub(shift.new);
        match inside.checked_sub(shift.new_length) {
            Some(behind) => shift.old.saturating_add(shift.old_length).saturating_add(behind),
            None => shift.old,
        }
    }

    /// A text of ours with the customer's own blots in it.
    pub(crate) fn shown(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        // The highest number first: one may begin as another does.
        for blot in self.blots.iter().rev().filter(|blot| blot.kind != StandIn::TheAccount) {
            if !shown.contains(&blot.stand_in) {
                continue;
            }
            if blot.text.is_empty() {
                shown = shown.replace(&format!(":{}:", blot.stand_in), "::");
                shown = shown.replace(&blot.stand_in, "(none)");
            } else {
                shown = shown.replace(&blot.stand_in, &blot.text);
            }
        }
        shown
    }

    /// The same of a command, which a shell reads: what it would take for more than a word stands as ACCOUNT or NAME.
    pub(crate) fn shown_in_command(&self, text: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let mut shown = text.to_owned();
        for blot in self.blots.iter().rev().filter(|blot| blot.kind != StandIn::TheAccount) {
            let said = match blot.text.as_str() {
                text if !text.is_empty() && text.chars().all(is_plain) => text,
                _ if blot.kind == StandIn::Account => "ACCOUNT",
                _ => "NAME",
            };
            shown = shown.replace(&blot.stand_in, said);
        }
        shown
    }

    /// Whether two accounts, either of which may be a stand-in, may be one and the same: a blot may hide any number, but
    /// who writes two blots in one way means two accounts.
    pub(crate) fn may_be_one(&self, account: &str, other: &str) -> bool {
        let style = |id: &str| {
            let found = self.blots.iter().find(|blot| blot.stand_in == id);
            found
                .filter(|blot| blot.kind == StandIn::Account)
                .map(|blot| blot.style)
        };
        account == other || style(account) != style(other)
    }
}

impl Blot {
    /// Whether it is written as tools write what they put something in place of: `${VAR}`, `{{ .Values.x }}`, `%s`.
    pub(crate) fn is_reference(&self) -> bool {
        self.text.starts_with(['$', '%']) || self.text.starts_with("{{")
    }
}

/// Gives out stand-ins.
struct Naming<'a> {
    has_whole_ids: bool,
    blots: Vec<Blot>,
    /// Where each is among them; of accounts and of other things apart.
    keys: BTreeMap<(bool, String), usize>,
    numbers: BTreeSet<&'a str>,
    next: u64,
    prefix: String,
}

impl Naming<'_> {
    fn key(line: &str, spot: &Spot) -> (bool, String) {
        let text = line.get(spot.start..spot.end).unwrap_or_default();
        match spot.account {
            Some(style) => (true, key(text, style)),
            None => (false, text.to_owned()),
        }
    }

    fn add(&mut self, line: &str, spot: &Spot, (text, number): (usize, usize)) {
        if spot.account == Some(Style::Digits) && self.has_whole_ids {
            return;
        }
        let key = Self::key(line, spot);
        if self.keys.contains_key(&key) || self.blots.len() >= MOST {
            return;
        }
        let (kind, stand_in) = if spot.account.is_some() {
            (StandIn::Account, self.number())
        } else {
            let name = format!("{}{:02}", self.prefix, self.blots.len().saturating_add(1));
            (StandIn::Name, name)
        };
        let before = line.get(..spot.start).unwrap_or_default();
        self.keys.insert(key, self.blots.len());
        self.blots.push(Blot {
            text: line.get(spot.start..spot.end).unwrap_or_default().to_owned(),
            stand_in,
            kind,
            place: (text, number, before.chars().count().saturating_add(1)),
            style: spot.account.unwrap_or(Style::Word),
        });
    }

    /// Twelve digits that stand nowhere.
    fn number(&mut self) -> String {
        loop {
            let number = self.next.to_string();
            self.next = self.next.saturating_add(1);
            if !self.numbers.contains(number.as_str()) {
                return number;
            }
        }
    }

    fn clear(&self, text: &str, lines: &[Line]) -> Cleared {
        let mut cleared = Cleared {
            text: String::with_capacity(text.len()),
            shifts: BTreeMap::new(),
        };
        for (number, (line, found)) in (1_usize..).zip(text.split('\n').zip(lines)) {
            if number > 1 {
                cleared.text.push('\n');
            }
            let mut from = 0_usize;
            let (mut old, mut new) = (1_usize, 1_usize);
            for spot in &found.spots {
                if spot.account == Some(Style::Digits) && self.has_whole_ids {
                    continue;
                }
                let blot = self.keys.get(&Self::key(line, spot)).and_then(|at| self.blots.get(*at));
                let (Some(blot), Some(before)) = (blot, line.get(from..spot.start)) else {
                    continue;
                };
                let characters = before.chars().count();
                old = old.saturating_add(characters);
                new = new.saturating_add(characters);
                let shift = Shift {
                    new,
                    new_length: blot.stand_in.len(),
                    old,
                    old_length: line.get(spot.start..spot.end).unwrap_or_default().chars().count(),
                };
                old = old.saturating_add(shift.old_length);
                new = new.saturating_add(shift.new_length);
                cleared.shifts.entry(number).or_default().push(shift);
                cleared.text.push_str(before);
                cleared.text.push_str(&blot.stand_in);
                from = spot.end;
            }
            cleared.text.push_str(line.get(from..).unwrap_or_default());
        }
        cleared
    }
}

/// What is equal for two ways to write the same blot: runs are equal whatever their length, words whatever is around them.
fn key(text: &str, style: Style) -> String {
    match style {
        Style::Empty => String::new(),
        Style::Digits => format!("#{text}"),
        Style::Mask => {
            let lower = text.to_lowercase().replace('…', "...");
            let first = lower.chars().next().unwrap_or_default();
            if lower.chars().all(|character| character == first) {
                format!("={first}")
            } else {
                format!("={lower}")
            }
        }
        Style::Word => {
            let plain = text.replace("&lt;", "").replace("&gt;", "").to_lowercase();
            let letters: String = plain.chars().filter(|character| character.is_alphanumeric()).collect();
            if letters.is_empty() { plain } else { letters }
        }
    }
}

/// Letters that begin no word of the texts.
fn free_prefix(texts: &[&str]) -> String {
    const PREFIX: &str = "blotted";
    let behind = texts.iter().flat_map(|text| text.split(PREFIX).skip(1));
    let longest = behind.map(|behind| {
        behind
            .bytes()
            .take_while(|byte| *byte == b'x')
            .count()
            .saturating_add(1)
    });
    format!("{PREFIX}{}", "x".repeat(longest.max().unwrap_or_default()))
}

/// Each run of twelve digits.
fn numbers_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_digit())
        .filter(|number| number.len() == DIGITS)
}

fn is_id(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_line(line: &str, in_accounts: &mut bool) -> Line {
    let mut found = Line::default();
    arns(line, &mut found);
    fields(line, &mut found);
    account_item(line, in_accounts, &mut found);
    value(line, &mut found);
    found.spots.sort_by_key(|spot| (spot.start, spot.end));
    let mut end = None;
    found.spots.retain(|spot| {
        let is_free = end.is_none_or(|end| spot.start >= end);
        if is_free {
            end = Some(spot.end);
        }
        is_free
    });
    found
}

/// The accounts and names of ARNs.
fn arns(line: &str, found: &mut Line) {
    const BEGIN: &str = "arn:aws";
    for (start, _) in line.match_indices(BEGIN) {
        let _ = arn(line, start.saturating_add("arn:".len()), found);
    }
}

/// Nothing where it is no ARN.
fn arn(line: &str, start: usize, found: &mut Line) -> Option<()> {
    let partition = section(line, start)?;
    let service = section(line, partition.saturating_add(1))?;
    let region = section(line, service.saturating_add(1))?;
    let account = region.saturating_add(1);
    let end = section(line, account)?;
    let service = line.get(partition.saturating_add(1)..service)?;
    let text = line.get(account..end)?;
    let of_principals = matches!(service, "iam" | "sts");
    if is_id(text) {
        found.accounts.push(text.to_owned());
    } else if !OF_AWS.contains(&text)
        && let Some(style) = style(text).filter(|style| *style != Style::Empty || of_principals)
    {
        found.spots.push(Spot {
            start: account,
            end,
            account: Some(style),
        });
    }
    if of_principals {
        names(line, end.saturating_add(1), found);
    }
    Some(())
}

/// The end of a section of an ARN, which is its colon. In brackets anything may stand.
fn section(line: &str, from: usize) -> Option<usize> {
    let rest = line.get(from..)?;
    let inside = bracketed(rest).unwrap_or_default();
    for (at, character) in head(rest.get(inside..)?, LONGEST).char_indices() {
        if character == ':' {
            return Some(from.saturating_add(inside).saturating_add(at));
        }
        if character.is_whitespace() || "\"',;|`\\/".contains(character) {
            return None;
        }
    }
    None
}

/// How long the bracket with which a text begins is, with what is in it.
fn bracketed(text: &str) -> Option<usize> {
    let (open, close) = BRACKETS.iter().find(|(open, _)| text.starts_with(*open))?;
    let inner = head(text.get(open.len()..)?, LONGEST);
    let end = inner.find(*close)?;
    if inner.get(..end)?.contains('"') {
        return None;
    }
    Some(open.len().saturating_add(end).saturating_add(close.len()))
}

/// So many bytes of a text at most.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// What is blotted out of a principal's path and name.
fn names(line: &str, from: usize, found: &mut Line) {
    const KINDS: [&str; 6] = [
        "assumed-role/",
        "federated-user/",
        "group/",
        "instance-profile/",
        "role/",
        "user/",
    ];
    /// An ARN is no longer, in bytes.
    const WHOLE: usize = 700;
    let rest = line.get(from..).unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|kind| rest.starts_with(**kind)) else {
        return;
    };
    let resource = head(rest, WHOLE);
    let mut at = kind.len();
    while let Some(rest) = resource.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        let length = match bracketed(rest) {
            Some(length) => length,
            None if first == '*' => {
                let stars = rest.chars().take_while(|character| *character == '*').count();
                // One is meant as a wildcard.
                if stars == 1 {
                    at = at.saturating_add(1);
                    continue;
                }
                stars
            }
            None if "…•█".contains(first) => first.len_utf8(),
            None if first.is_whitespace() || "\"'`|;\\<>[](){},".contains(first) => break,
            None => {
                at = at.saturating_add(first.len_utf8());
                continue;
            }
        };
        let start = from.saturating_add(at);
        let text = line.get(start..start.saturating_add(length)).unwrap_or_default();
        // `[]` hides nothing.
        let is_said =
            !text.contains(['[', '{', '<', '(', '&']) || text.chars().filter(|c| c.is_alphabetic()).count() >= 2;
        if is_said && !TEMPLATES.contains(&text) {
            found.spots.push(Spot {
                start,
                end: start.saturating_add(length),
                account: None,
            });
        }
        at = at.saturating_add(length);
    }
}

/// `"Account": "…"`, `accountid=…` and the like.
fn fields(line: &str, found: &mut Line) {
    const PART: &str = "ccount";
    for (start, _) in line.match_indices(PART) {
        let behind = line.get(start.saturating_add(PART.len())..).unwrap_or_default();
        // A list of them holds items.
        if behind.starts_with('s') {
            continue;
        }
        let of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let behind = head(behind, LONGEST)
            .trim_start_matches(of_name)
            .trim_start_matches(['\\', '"', '\'']);
        let Some(value) = behind.trim_start().strip_prefix([':', '=']) else {
            continue;
        };
        let value = value.trim_start_matches([' ', '\\', '"', '\'']);
        let length = token(value);
        let text = value.get(..length).unwrap_or_default();
        // The window may end within it.
        let from = start.saturating_add(PART.len());
        let offset = head(line.get(from..).unwrap_or_default(), LONGEST)
            .len()
            .saturating_sub(value.len());
        let start = from.saturating_add(offset);
        take(text, start, found);
    }
}

/// An item of mapAccounts.
fn account_item(line: &str, in_accounts: &mut bool, found: &mut Line) {
    let text = line.trim_start_matches([' ', '\t', '>', '|']);
    let Some(item) = text.strip_prefix("- ") else {
        if !text.trim().is_empty() && !text.starts_with('#') {
            let name = text.trim_start_matches(['"', '\'']);
            let behind = name
                .strip_prefix("mapAccounts")
                .map(|behind| behind.trim_start_matches(['"', '\'']));
            *in_accounts =
                behind.is_some_and(|behind| behind.starts_with(':')) || (*in_accounts && text.starts_with("---"));
        }
        return;
    };
    if !*in_accounts {
        return;
    }
    let value = item.trim_start_matches([' ', '"', '\'']);
    let text = value.get(..token(value)).unwrap_or_default();
    let behind = value.get(text.len()..).unwrap_or_default();
    // `default: 111122223333` is a map, which is what is wrong with it.
    if !behind.starts_with(':') {
        take(text, line.len().saturating_sub(value.len()), found);
    }
}

/// How long the word is with which a text begins.
fn token(text: &str) -> usize {
    let inside = bracketed(text).unwrap_or_default();
    let rest = text.get(inside..).unwrap_or_default();
    let end = rest.find(|character: char| character.is_whitespace() || "\"',;:}]\\".contains(character));
    inside.saturating_add(end.unwrap_or(rest.len()))
}

/// An account where no ARN is around it: not every word is one there.
fn take(text: &str, start: usize, found: &mut Line) {
    if is_id(text) {
        return found.accounts.push(text.to_owned());
    }
    let Some(style) = style(text) else { return };
    let is_known = match style {
        Style::Empty => false,
        Style::Digits => true,
        Style::Mask => text.chars().count() >= 3 && text.contains(['x', 'X', '*', '#', '…', '•', '█']),
        Style::Word => bracketed(text).is_some() || text.starts_with('$') || WORDS.contains(&key(text, style).as_str()),
    };
    if is_known {
        found.spots.push(Spot {
            start,
            end: start.saturating_add(text.len()),
            account: Some(style),
        });
    }
}

/// A value that YAML would read as something else: an alias, a comment, a list.
fn value(line: &str, found: &mut Line) {
    let text = line.trim_end().trim_end_matches(',');
    let Some((before, word)) = text.rsplit_once(' ') else {
        return;
    };
    let before = before.trim();
    if !before.ends_with(':') && !before.trim_start_matches(['-', ' ', '>']).is_empty() {
        return;
    }
    if before.is_empty() || before.chars().all(|character| character == '>') {
        return;
    }
    let is_run = |of: char| word.len() >= 3 && word.chars().all(|character| character == of);
    let is_bracket = word.starts_with('[') && word.ends_with(']') && WORDS.contains(&key(word, Style::Word).as_str());
    if is_run('*') || is_run('#') || is_bracket {
        found.spots.push(Spot {
            start: text.len().saturating_sub(word.len()),
            end: text.len(),
            account: None,
        });
    }
}

/// How a text is written where twelve digits should be; nothing where it is a mistake rather than a blot.
fn style(text: &str) -> Option<Style> {
    /// More digits are an id with a digit too few or too many.
    const FEW: usize = 9;
    if text.is_empty() {
        return Some(Style::Empty);
    }
    if TEMPLATES.contains(&text) || matches!(text, "*" | "?") {
        return None;
    }
    // A whole id in brackets is a mistake in how it is written.
    if text.starts_with('[') && is_id(text.trim_matches(['[', ']', ' ', '"', '\''])) {
        return None;
    }
    if bracketed(text) == Some(text.len()) || text.starts_with(['$', '%']) {
        return Some(Style::Word);
    }
    let characters = text.chars().count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits == characters {
        return (digits <= FEW).then_some(Style::Digits);
    }
    // As the console shows it.
    if digits == DIGITS && text.split('-').map(str::len).eq([4, 4, 4]) {
        return Some(Style::Digits);
    }
    let masks = text
        .chars()
        .filter(|character| "xX*#._-?…•█·~".contains(*character))
        .count();
    if digits.saturating_add(masks) == characters && (digits == 0 || masks >= 3) {
        return Some(Style::Mask);
    }
    let mut letters = text.chars();
    let (first, second) = (letters.next()?, letters.next());
    if characters >= 3 && text.chars().all(|character| character == first) {
        return Some(Style::Mask);
    }
    // `O11122223333` is mistyped.
    let is_letter = |character: char| character.is_alphabetic();
    let is_word = is_letter(first)
        && second.is_some_and(is_letter)
        && text
            .chars()
            .all(|character| character.is_alphanumeric() || "_-.@+".contains(character));
    is_word.then_some(Style::Word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleared(text: &str) -> (String, Vec<(String, String)>) {
        let blots = Blots::of(&[text], &[], true);
        let all = blots
            .all()
            .iter()
            .map(|blot| (blot.text.clone(), blot.stand_in.clone()));
        (blots.text(0).to_owned(), all.collect())
    }

    #[test]
    fn an_account_may_be_blotted_out_in_any_way() {
        for blot in [
            "xxxxxxxxxxxx",
            "XXXX",
            "x",
            "<account-id>",
            "<ACCOUNT_ID>",
            "<your account id>",
            "&lt;account&gt;",
            "${ACCOUNT}",
            "${AWS::AccountId}",
            "${var.account_id}",
            "$ACCOUNT",
            "$(ACCOUNT)",
            "{{ account_id }}",
            "{account}",
            "[account]",
            "%s",
            "123456",
            "111",
            "***",
            "****",
            "************",
            "1234********",
            "xxxxxxxx9012",
            "11XXXXXXXX22",
            "REDACTED",
            "[REDACTED]",
            "<REDACTED>",
            "ID",
            "ACCOUNT",
            "account",
            "acct",
            "my-account",
            "AWS_ACCOUNT_ID",
            "…",
            "...",
            "......",
            "####",
            "••••",
            "yyyyyyyyyyyy",
            "",
            "1234-5678-9012",
        ] {
            let text =
                format!("rolearn: arn:aws:iam::{blot}:role/dev\narn=\"arn:aws:sts::{blot}:assumed-role/dev/me\"");
            let (plain, all) = cleared(&text);
            assert_eq!(all, [(blot.to_owned(), FIRST_STAND_IN.to_string())], "{text}");
            assert_eq!(plain.matches(&FIRST_STAND_IN.to_string()).count(), 2, "{plain}");
            let blots = Blots::of(&[&text], &[], true);
            assert_eq!(blots.shown(&plain), text);
        }
    }

    #[test]
    fn what_is_no_blot_is_left() {
        for text in [
            "arn:aws:iam::111122223333:role/dev",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::*:role/dev",
            "arn:aws:iam::111122223333:role/dev-*",
            "arn:aws:iam::11112222333:role/dev",
            "arn:aws:iam::1111222233334:role/dev",
            "arn:aws:iam::O11122223333:role/dev",
            "arn:aws:iam::{{AccountID}}:role/dev",
            "arn:aws:iam:: 111122223333:role/dev",
            "arn:aws:iam",
            "arn:aws:iam::",
            "groups: [admins]",
            "  - [admins]",
            "username: *anchor",
            "mapAccounts: |\n  - default: 123\n",
            "mapAccounts: |\n- \"111122223333\"\nmapUsers: |\n  - 123456\n",
            "account: prod",
            "*** see below ***",
            "# comment",
            "## ####",
        ] {
            assert_eq!(cleared(text), (text.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn a_short_number_beside_whole_ids_is_a_mistake() {
        let text = "rolearn: arn:aws:iam::111122223333:role/a\nmapAccounts: |\n  - \"555555\"\n";
        assert!(cleared(text).1.is_empty());
        let text = "rolearn: arn:aws:iam::555555:role/a\nmapAccounts: |\n  - \"555555\"\n";
        assert_eq!(cleared(text).0, text.replace("555555", "900000000001"));
        assert!(Blots::of(&[text], &["111122223333"], true).all().is_empty());
    }

    #[test]
    fn the_same_blot_is_one_account_and_others_are_others() {
        let of = |accounts: &[&str]| {
            let text: Vec<String> = accounts.iter().map(|id| format!("arn:aws:iam::{id}:role/r")).collect();
            cleared(&text.join("\n")).1.len()
        };
        assert_eq!(of(&["xxxx", "XXXXXXXXXXXX", "xxxxxxxxxxxx"]), 1);
        assert_eq!(of(&["<account-id>", "${ACCOUNT_ID}", "accountId"]), 1);
        assert_eq!(of(&["xxxx", "yyyy"]), 2);
        assert_eq!(of(&["<dev>", "<prod>", "<dev>"]), 2);
        assert_eq!(of(&["111", "222", "111"]), 2);
        assert_eq!(of(&["900000000001", "<a>", "<b>"]), 2);
        let blots = Blots::of(
            &["arn:aws:iam::900000000001:role/r arn:aws:iam::<a>:role/r arn:aws:iam::<b>:role/r"],
            &[],
            true,
        );
        let ids: Vec<&str> = blots.all().iter().map(|blot| blot.stand_in.as_str()).collect();
        assert_eq!(ids, ["900000000002", "900000000003"]);
        // Two placeholders are two accounts; a placeholder and a number may be one.
        assert!(!blots.may_be_one("900000000002", "900000000003"));
        assert!(blots.may_be_one("900000000001", "900000000002"));
        assert!(!blots.may_be_one("900000000001", "111122223333"));
    }

    #[test]
    fn one_blot_beside_one_account_is_that_account_in_one_case() {
        let texts = ["arn:aws:iam::111122223333:role/r", "arn:aws:iam::xxxx:role/r"];
        let blots = Blots::of(&texts, &[], true);
        assert_eq!(blots.text(1), texts[0]);
        assert_eq!(blots.all()[0].kind, StandIn::TheAccount);
        assert_eq!(
            Blots::of(&texts, &[], false).text(1),
            "arn:aws:iam::900000000001:role/r"
        );
    }

    #[test]
    fn names_and_values_that_break_yaml_get_letters() {
        for (text, wanted) in [
            (
                "arn:aws:iam::111122223333:role/<name>",
                "arn:aws:iam::111122223333:role/blotted01",
            ),
            (
                "arn:aws:iam::111122223333:role/***/x",
                "arn:aws:iam::111122223333:role/blotted01/x",
            ),
            (
                "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_<hash>",
                "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_blotted01",
            ),
            ("username: ****", "username: blotted01"),
            ("  - ####", "  - blotted01"),
            ("  username: [REDACTED]", "  username: blotted01"),
            ("\"x\": ***,", "\"x\": blotted01,"),
            ("blotted:\n  user: ***", "blotted:\n  user: blottedx01"),
        ] {
            let (plain, all) = cleared(text);
            assert_eq!(plain, wanted);
            assert_eq!(Blots::of(&[text], &[], true).shown(&plain), text);
            assert_eq!(all.len(), 1);
        }
    }

    #[test]
    fn columns_lead_back_to_the_text_as_it_was_given() {
        let text = "é arn:aws:iam::<id>:role/*** and arn:aws:iam::x:user/u !";
        let blots = Blots::of(&[text], &[], true);
        let plain = blots.text(0);
        for mark in ["arn", " and", "role/", "user/u", "!"] {
            let column = |text: &str| text.split_once(mark).unwrap().0.chars().count() + 1;
            assert_eq!(blots.column(0, 1, column(plain)), column(text), "{mark}\n{plain}");
        }
        assert_eq!(blots.column(0, 2, 7), 7);
        assert_eq!(blots.column(3, 1, 7), 7);
    }

    /// Each is looked at once, and with a bound.
    #[test]
    fn many_and_long_blots_are_read_in_one_pass() {
        for text in [
            "arn:aws:iam::<".repeat(100_000),
            "arn:aws:iam::x:role/<<<<".repeat(60_000),
            "arn:aws".repeat(200_000),
            "account: <".repeat(100_000),
            format!("arn:aws:iam::{}:role/x", "x".repeat(1_000_000)),
            "blottedxxxx".repeat(100_000),
            "[".repeat(1_000_000),
        ] {
            let _ = Blots::of(&[&text], &[], true);
        }
        let many: Vec<String> = (0..50_000).map(|at| format!("arn:aws:iam::<a{at}>:role/r")).collect();
        assert_eq!(Blots::of(&[&many.join("\n")], &[], true).all().len(), MOST);
    }

    proptest! {
        #[test]
        fn any_text_is_cleared_and_comes_back(
            texts in proptest::collection::vec("(arn:aws:iam::|<|>|[x*#:]{1,4}|role/|mapAccounts: \\||\n|- |[a-z0-9é ]{0,4}|\"|\\PC){0,30}", 1..3),
            column in 1_usize..80,
        ) {
            let given: Vec<&str> = texts.iter().map(String::as_str).collect();
            let blots = Blots::of(&given, &[], true);
            for (at, text) in given.iter().enumerate() {
                let cleared: Vec<&str> = blots.text(at).split('\n').collect();
                let lines: Vec<&str> = text.split('\n').collect();
                prop_assert_eq!(cleared.len(), lines.len());
                for (number, (line, cleared)) in (1..).zip(lines.iter().zip(cleared)) {
                    let column = column.min(cleared.chars().count() + 1);
                    let back = blots.column(at, number, column);
                    prop_assert!(back >= 1 && back <= line.chars().count() + 1, "{}: {} of {}", line, back, column);
                }
            }
        }
    }
}

//! From the words of a query to its commands.
//!
//! FIDELITY: keywords and functions are taken in capital letters too, as in examples of the User Guide. A name that the
//! query defines (`as`, `parse`) can be defined once and not be listed in `fields` again, as users report. The service
//! knows what a log group's messages contain; here a name that nothing defines is a field that may be missing.

use std::collections::BTreeMap;

use super::aggregate::Aggregate;
use super::aggregate::AggregateKind;
use super::command::Column;
use super::command::Command;
use super::command::Extractor;
use super::command::Program;
use super::command::SortBy;
use super::discover::Slot;
use super::error::QueryError;
use super::error::QueryProblem;
use super::expression::Comparison;
use super::expression::Expression;
use super::expression::Field;
use super::expression::Matcher;
use super::expression::Operator;
use super::expression::SystemField;
use super::function::Function;
use super::lexer::Lexer;
use super::lexer::Token;
use super::lexer::TokenKind;
use super::period::Period;
use crate::logs::weighed_regex::WeighedRegex;

/// How many parentheses, functions and signs can be inside each other.
const MAX_DEPTH: usize = 100;
/// How much memory the compiled regular expressions of a query may take, in bytes; one has half of it at most.
const REGEX_ROOM: usize = 2 << 20;

/// What the service says can stand where a command starts.
const COMMANDS: &str = "{K_PARSE, K_SEARCH, K_FIELDS, K_DISPLAY, K_FILTER, K_SORT, K_ORDER, K_HEAD, K_LIMIT, K_TAIL}";

/// Commands of the service that are not here.
const NOT_SERVED: [&str; 13] = [
    "source",
    "pattern",
    "anomaly",
    "diff",
    "unmask",
    "unnest",
    "search",
    "lookup",
    "join",
    "filterindex",
    "expand",
    "addtotals",
    "estimate",
];

/// Reads a whole query.
pub(super) fn parse(query: &str) -> Result<Program, QueryError> {
    let mut parser = Parser {
        lexer: Lexer::new(query),
        peeked: None,
        taken: 0,
        depth: 0,
        regex_room: REGEX_ROOM,
        names: BTreeMap::new(),
        defined: BTreeMap::new(),
        stage: QueryStage::Events,
        aggregates: None,
        commands: Vec::new(),
        fields: Vec::new(),
        lists_fields: false,
        display: None,
    };
    parser.commands()?;
    Ok(parser.finish())
}

/// Which rows the commands work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QueryStage {
    /// Log events.
    Events,
    /// Results of `stats`, which have no other fields.
    Results,
}

struct Parser {
    lexer: Lexer,
    peeked: Option<Token>,
    /// Where the last word ends that was taken.
    taken: usize,
    depth: usize,
    /// What is left for compiled regular expressions, in bytes.
    regex_room: usize,
    /// Every name that is no system field.
    names: BTreeMap<String, Slot>,
    /// The names that the query defines; after `stats` all that there are.
    defined: BTreeMap<String, Slot>,
    stage: QueryStage,
    /// The aggregations of the `stats` command, while one of its results is read outside of them.
    aggregates: Option<Vec<Aggregate>>,
    commands: Vec<Command>,
    /// The columns that `fields`, `parse` and `stats` make.
    fields: Vec<Column>,
    lists_fields: bool,
    /// The columns of the last `display`.
    display: Option<Vec<Column>>,
}

type Parsed<T> = Result<T, QueryError>;

impl Parser {
    // Words.

    fn peek(&mut self) -> Parsed<&Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        Ok(self.peeked.insert(token))
    }

    fn next(&mut self) -> Parsed<Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.taken = token.end;
        Ok(token)
    }

    fn peek_symbol(&mut self, symbol: &str) -> Parsed<bool> {
        Ok(matches!(&self.peek()?.kind, TokenKind::Symbol(own) if *own == symbol))
    }

    fn peek_word(&mut self, word: &str) -> Parsed<bool> {
        Ok(matches!(&self.peek()?.kind, TokenKind::Name { text, quoted: false } if text.eq_ignore_ascii_case(word)))
    }

    fn take_symbol(&mut self, symbol: &str) -> Parsed<bool> {
        let found = self.peek_symbol(symbol)?;
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn take_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.peek_word(word)?;
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.take_symbol(symbol)? {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn text_of(&self, token: &Token) -> String {
        if token.kind == TokenKind::End {
            "<EOF>".to_owned()
        } else {
            self.lexer.text(token.start, token.end)
        }
    }

    /// The error that the next word does not fit.
    fn unexpected(&mut self) -> QueryError {
        match self.next() {
            Ok(token) => self.unexpected_token(&token),
            Err(error) => error,
        }
    }

    fn unexpected_token(&self, token: &Token) -> QueryError {
        let (line, column) = self.lexer.line_and_column(token.start);
        QueryError {
            problem: QueryProblem::UnexpectedSymbol {
                symbol: self.text_of(token),
                line,
                column,
            },
            start: token.start,
            end: token.end,
        }
    }

    /// Where the next word starts.
    fn start(&mut self) -> Parsed<usize> {
        Ok(self.peek()?.start)
    }

    /// The text from there to the end of the last word that was taken, and that end.
    fn text_since(&self, start: usize) -> (String, usize) {
        (self.lexer.text(start, self.taken), self.taken)
    }

    // Names.

    fn slot(&mut self, name: &str) -> Slot {
        let next = self.names.len();
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    /// What a name stands for.
    fn resolve(&mut self, name: &str, start: usize, end: usize) -> Parsed<Field> {
        if self.aggregates.is_some() {
            return Err(unknown_after_stats(name, start, end));
        }
        if let Some(slot) = self.defined.get(name) {
            return Ok(Field::Named(*slot));
        }
        if self.stage == QueryStage::Results {
            let aliased = self
                .defined
                .iter()
                .find(|(own, _)| own.starts_with('@') && own.eq_ignore_ascii_case(name));
            return match aliased {
                Some((_, slot)) => Ok(Field::Named(*slot)),
                None => Err(unknown_after_stats(name, start, end)),
            };
        }
        Ok(match SystemField::named(name) {
            Some(field) => Field::System(field),
            None => Field::Named(self.slot(name)),
        })
    }

    /// Makes a name stand for something of the query's own.
    fn define(&mut self, name: &str, start: usize, end: usize) -> Parsed<Slot> {
        let is_system = self.stage == QueryStage::Events && SystemField::named(name).is_some();
        if is_system || self.defined.contains_key(name) {
            return Err(already_defined(name, start, end));
        }
        let slot = self.slot(name);
        self.defined.insert(name.to_owned(), slot);
        Ok(slot)
    }

    fn name(&mut self) -> Parsed<(String, usize, usize)> {
        match self.next()? {
            Token {
                kind: TokenKind::Name { text, .. },
                start,
                end,
            } => Ok((text, start, end)),
            other => Err(self.unexpected_token(&other)),
        }
    }

    /// A text in quotes.
    fn text(&mut self) -> Parsed<String> {
        let token = self.next()?;
        match token.kind {
            TokenKind::Text(text) => Ok(text),
            _ => Err(self.unexpected_token(&token)),
        }
    }

    fn field(&mut self) -> Parsed<Field> {
        let (name, start, end) = self.name()?;
        self.resolve(&name, start, end)
    }

    /// Items with commas between.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take_symbol(",")? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    // Commands.

    fn commands(&mut self) -> Parsed<()> {
        loop {
            self.command()?;
            if !self.take_symbol("|")? {
                break;
            }
        }
        if self.peek()?.kind == TokenKind::End {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn command(&mut self) -> Parsed<()> {
        let token = self.next()?;
        let word = match &token.kind {
            TokenKind::Name { text, quoted: false } => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        let is_limit = matches!(word.as_str(), "limit" | "head" | "tail");
        if matches!(self.commands.last(), Some(Command::Dedup(_))) && !is_limit {
            return Err(self.unexpected_token(&token));
        }
        match word.as_str() {
            "fields" => self.fields(),
            "display" => self.display(),
            "filter" | "where" => {
                let condition = self.expression()?;
                self.commands.push(Command::Filter(condition));
                Ok(())
            }
            "parse" => self.parse(),
            "stats" => self.stats(),
            "sort" | "order" => self.sort(),
            "limit" | "head" => {
                // `limit any N` is N of any events; here there is no difference.
                self.take_word("any")?;
                let count = self.count()?;
                self.commands.push(Command::Limit(count));
                Ok(())
            }
            "tail" => {
                let count = self.count()?;
                self.commands.push(Command::Tail(count));
                Ok(())
            }
            "dedup" => {
                let fields = self.list(Self::field)?;
                self.commands.push(Command::Dedup(fields));
                Ok(())
            }
            other => Err(QueryError {
                problem: if NOT_SERVED.contains(&other) {
                    QueryProblem::NotServed(format!("the command {}", self.text_of(&token)))
                } else {
                    QueryProblem::Mismatched {
                        got: self.text_of(&token),
                        expecting: COMMANDS,
                    }
                },
                start: token.start,
                end: token.end,
            }),
        }
    }

    /// A column of `fields` or `display`: a field, or an expression with or without a name.
    fn column(&mut self, redefines: bool) -> Parsed<Column> {
        let start = self.start()?;
        let expression = self.expression()?;
        let (text, end) = self.text_since(start);
        if self.take_word("as")? {
            let (name, _, end) = self.name()?;
            let slot = self.define(&name, start, end)?;
            self.commands.push(Command::Define(slot, expression));
            return Ok(Column {
                name,
                field: Field::Named(slot),
            });
        }
        let name = text.replace('`', "");
        let Expression::Field(field) = expression else {
            let slot = self.slot(&text);
            self.commands.push(Command::Define(slot, expression));
            return Ok(Column {
                name: text,
                field: Field::Named(slot),
            });
        };
        if redefines && self.stage == QueryStage::Events && self.defined.contains_key(&name) {
            return Err(already_defined(&name, start, end));
        }
        Ok(Column { name, field })
    }

    fn fields(&mut self) -> Parsed<()> {
        let columns = self.list(|parser| parser.column(true))?;
        self.lists_fields = true;
        for column in columns {
            self.show(column);
        }
        Ok(())
    }

    fn show(&mut self, column: Column) {
        if self.fields.iter().all(|own| own.name != column.name) {
            self.fields.push(column);
        }
    }

    fn display(&mut self) -> Parsed<()> {
        self.display = Some(self.list(|parser| parser.column(false))?);
        Ok(())
    }

    fn sort(&mut self) -> Parsed<()> {
        let by = self.list(|parser| {
            let expression = parser.expression()?;
            let descending = parser.take_word("desc")?;
            if !descending {
                parser.take_word("asc")?;
            }
            Ok(SortBy { expression, descending })
        })?;
        self.commands.push(Command::Sort(by));
        Ok(())
    }

    fn count(&mut self) -> Parsed<usize> {
        let token = self.next()?;
        match token.kind {
            TokenKind::Number(number) if number.fract() == 0.0 => {
                Ok(usize::try_from(super::value::number_as_millis(number)).unwrap_or(usize::MAX))
            }
            _ => Err(self.unexpected_token(&token)),
        }
    }

    fn parse(&mut self) -> Parsed<()> {
        let source = match (self.next_is_regex()?, self.peeked.as_ref().map(|token| &token.kind)) {
            (true, _) | (_, Some(TokenKind::Text(_))) => Field::System(SystemField::Message),
            _ => self.field()?,
        };
        let start = self.start()?;
        let pattern = match self.regex_word()? {
            Some((pattern, start)) => Extractor::Regex(self.compile(&pattern, start)?, Vec::new()),
            None => Extractor::Glob(self.text()?.split('*').map(str::to_owned).collect()),
        };
        let (_, end) = self.text_since(start);
        let listed = if self.take_word("as")? {
            Some(self.list(Self::name)?)
        } else {
            None
        };
        let (extractor, names) = match pattern {
            Extractor::Glob(parts) => (Extractor::Glob(parts), listed.unwrap_or_default()),
            Extractor::Regex(regex, _) => {
                let named: Vec<_> = (0..)
                    .zip(regex.capture_names())
                    .filter_map(|(group, name)| Some((group, (name?.to_owned(), start, end))))
                    .collect();
                let (groups, names) = match listed {
                    Some(names) => ((1..regex.captures_len()).collect(), names),
                    None => named.into_iter().unzip(),
                };
                (Extractor::Regex(regex, groups), names)
            }
        };
        let wanted = extractor.captures();
        if names.is_empty() || names.len() != wanted {
            return Err(QueryError {
                problem: QueryProblem::ParseMismatch {
                    names: names.len(),
                    wanted: wanted.max(1),
                },
                start,
                end,
            });
        }
        let mut slots = Vec::new();
        for (name, start, end) in names {
            let slot = self.define(&name, start, end)?;
            self.show(Column {
                name,
                field: Field::Named(slot),
            });
            slots.push(slot);
        }
        self.commands.push(Command::Parse(source, extractor, slots));
        Ok(())
    }

    /// Whether a regular expression comes next. Where not, the next word has been read.
    fn next_is_regex(&mut self) -> Parsed<bool> {
        self.peek_symbol("/")
    }

    /// A regular expression, when one comes next.
    fn regex_word(&mut self) -> Parsed<Option<(String, usize)>> {
        if !self.next_is_regex()? {
            return Ok(None);
        }
        let slash = self.next()?;
        self.lexer.back_to(slash.start);
        let pattern = self.lexer.regex()?;
        self.taken = self.lexer.position();
        Ok(pattern.map(|pattern| (pattern, slash.start)))
    }

    fn compile(&mut self, pattern: &str, start: usize) -> Parsed<WeighedRegex> {
        WeighedRegex::compile(pattern, &mut self.regex_room).map_err(|error| QueryError {
            // The engine draws the place over several lines; the last says what is wrong.
            problem: QueryProblem::InvalidRegex(
                error
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            ),
            start,
            end: self.lexer.position(),
        })
    }

    fn stats(&mut self) -> Parsed<()> {
        self.aggregates = Some(Vec::new());
        let outputs = self.list(Self::output);
        let aggregates = self.aggregates.take().unwrap_or_default();
        let outputs = outputs?;
        let groups = if self.take_word("by")? {
            self.list(Self::group)?
        } else {
            Vec::new()
        };
        self.stage = QueryStage::Results;
        self.defined.clear();
        self.fields.clear();
        self.display = None;
        let named = |parser: &mut Self, columns: Vec<(String, Expression, usize, usize)>| {
            columns
                .into_iter()
                .map(|(name, expression, start, end)| {
                    let slot = parser.define(&name, start, end)?;
                    parser.show(Column {
                        name,
                        field: Field::Named(slot),
                    });
                    Ok((slot, expression))
                })
                .collect::<Parsed<Vec<_>>>()
        };
        let groups = named(self, groups)?;
        let outputs = named(self, outputs)?;
        self.commands.push(Command::Stats {
            groups,
            outputs,
            aggregates,
        });
        Ok(())
    }

    /// A result of `stats`: its name, what it is, and where it stands.
    fn output(&mut self) -> Parsed<(String, Expression, usize, usize)> {
        let start = self.start()?;
        let expression = self.expression()?;
        let (text, end) = self.text_since(start);
        self.named_or(text, expression, start, end)
    }

    fn group(&mut self) -> Parsed<(String, Expression, usize, usize)> {
        let start = self.start()?;
        let expression = self.expression()?;
        let (text, end) = self.text_since(start);
        let text = match &expression {
            Expression::Field(_) => text.replace('`', ""),
            _ => text,
        };
        self.named_or(text, expression, start, end)
    }

    /// The name after `as`, which must be a new one, or the text of the expression.
    fn named_or(
        &mut self,
        text: String,
        expression: Expression,
        start: usize,
        end: usize,
    ) -> Parsed<(String, Expression, usize, usize)> {
        if !self.take_word("as")? {
            return Ok((text, expression, start, end));
        }
        let (name, _, end) = self.name()?;
        if self.defined.contains_key(&name) {
            return Err(already_defined(&name, start, end));
        }
        Ok((name, expression, start, end))
    }

    // Expressions.

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            let token = self.next()?;
            return Err(QueryError {
                problem: QueryProblem::TooDeep,
                start: token.start,
                end: token.end,
            });
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Parsed<Expression> {
        let mut any = Vec::new();
        let mut all = vec![self.negation()?];
        loop {
            if self.take_word("and")? {
                all.push(self.negation()?);
            } else if self.take_word("or")? {
                any.push(joined(std::mem::take(&mut all), Expression::All));
                all.push(self.negation()?);
            } else {
                any.push(joined(all, Expression::All));
                return Ok(joined(any, Expression::Any));
            }
        }
    }

    fn negation(&mut self) -> Parsed<Expression> {
        let mut negated = false;
        let mut any = false;
        while self.take_word("not")? {
            negated = !negated;
            any = true;
        }
        let inner = self.comparison()?;
        Ok(match (any, negated) {
            (false, _) => inner,
            (true, true) => negative(inner),
            (true, false) => negative(negative(inner)),
        })
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let left = self.arithmetic()?;
        if self.take_word("not")? {
            return if self.take_word("like")? {
                Ok(negative(self.like(left)?))
            } else if self.take_word("in")? {
                Ok(negative(self.in_list(left)?))
            } else {
                Err(self.unexpected())
            };
        }
        if self.take_word("like")? || self.take_symbol("=~")? {
            return self.like(left);
        }
        if self.take_word("in")? {
            return self.in_list(left);
        }
        let TokenKind::Symbol(symbol) = self.peek()?.kind else {
            return Ok(left);
        };
        let comparison = match symbol {
            "=" | "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.next()?;
        let right = self.arithmetic()?;
        Ok(Expression::Compare(Box::new(left), comparison, Box::new(right)))
    }

    fn like(&mut self, left: Expression) -> Parsed<Expression> {
        let matcher = if let Some((pattern, start)) = self.regex_word()? {
            Matcher::Regex(self.compile(&pattern, start)?)
        } else {
            Matcher::Contains(self.text()?)
        };
        Ok(Expression::Like(Box::new(left), matcher))
    }

    fn in_list(&mut self, left: Expression) -> Parsed<Expression> {
        self.expect_symbol("[")?;
        let items = self.list(Self::arithmetic)?;
        self.expect_symbol("]")?;
        Ok(Expression::In(Box::new(left), items))
    }

    /// Operands and operators, from those that bind least: `+ -`, `* / %`, `^`.
    fn arithmetic(&mut self) -> Parsed<Expression> {
        let mut sum = Vec::new();
        let mut sum_operator = Operator::Add;
        let mut product = Vec::new();
        let mut product_operator = Operator::Multiply;
        loop {
            let power = self.power()?;
            product.push((product_operator, power));
            let TokenKind::Symbol(symbol) = self.peek()?.kind else {
                break;
            };
            match symbol {
                "*" => product_operator = Operator::Multiply,
                "/" => product_operator = Operator::Divide,
                "%" => product_operator = Operator::Remainder,
                "+" | "-" => {
                    sum.extend(arithmetic(std::mem::take(&mut product)).map(|term| (sum_operator, term)));
                    sum_operator = if symbol == "+" {
                        Operator::Add
                    } else {
                        Operator::Subtract
                    };
                }
                _ => break,
            }
            self.next()?;
        }
        sum.extend(arithmetic(product).map(|term| (sum_operator, term)));
        match arithmetic(sum) {
            Some(expression) => Ok(expression),
            None => Err(self.unexpected()),
        }
    }

    /// Operands with `^` between, which are applied from the left.
    fn power(&mut self) -> Parsed<Expression> {
        let first = self.operand()?;
        let mut rest = Vec::new();
        while self.take_symbol("^")? {
            rest.push((Operator::Power, self.operand()?));
        }
        Ok(if rest.is_empty() {
            first
        } else {
            Expression::Arithmetic(Box::new(first), rest)
        })
    }

    fn operand(&mut self) -> Parsed<Expression> {
        let mut negated = false;
        while self.peek_symbol("-")? || self.peek_symbol("+")? {
            negated ^= self.peek_symbol("-")?;
            self.next()?;
        }
        let operand = self.primary()?;
        Ok(match operand {
            Expression::Number(number) if negated => Expression::Number(-number),
            other if negated => Expression::Negative(Box::new(other)),
            other => other,
        })
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let token = self.next()?;
        match &token.kind {
            TokenKind::Text(text) => Ok(Expression::Text(text.clone())),
            TokenKind::Number(number) => Ok(Expression::Number(*number)),
            TokenKind::Symbol("(") => {
                let inner = self.deeper(Self::expression)?;
                self.expect_symbol(")")?;
                Ok(inner)
            }
            TokenKind::Name { text, quoted: false } if self.peek_symbol("(")? => self.call(text, &token),
            TokenKind::Name { text, quoted: false } if text == "true" || text == "false" => {
                Ok(Expression::Bool(text == "true"))
            }
            TokenKind::Name { text, .. } => Ok(Expression::Field(self.resolve(text, token.start, token.end)?)),
            _ => Err(self.unexpected_token(&token)),
        }
    }

    /// What stands in parentheses after the name of a function.
    fn call(&mut self, name: &str, token: &Token) -> Parsed<Expression> {
        self.expect_symbol("(")?;
        let problem = |problem: QueryProblem| QueryError {
            problem,
            start: token.start,
            end: token.end,
        };
        if let Some(kind) = AggregateKind::named(name)
            && self.aggregates.is_some()
        {
            return self.deeper(|parser| parser.aggregate(kind));
        }
        match name.to_ascii_lowercase().as_str() {
            "bin" => {
                let period = self.period()?;
                self.expect_symbol(")")?;
                let timestamp = self.resolve("@timestamp", token.start, token.end)?;
                return Ok(Expression::Call(
                    Function::DateFloor(period),
                    vec![Expression::Field(timestamp)],
                ));
            }
            date @ ("datefloor" | "dateceil") => {
                let time = self.deeper(Self::expression)?;
                self.expect_symbol(",")?;
                let period = self.period()?;
                self.expect_symbol(")")?;
                let function = if date == "datefloor" {
                    Function::DateFloor
                } else {
                    Function::DateCeil
                };
                return Ok(Expression::Call(function(period), vec![time]));
            }
            _ => {}
        }
        let Some((function, least, most)) = Function::named(name) else {
            return Err(problem(QueryProblem::UnknownFunction(name.to_owned())));
        };
        let arguments = if self.peek_symbol(")")? {
            Vec::new()
        } else {
            self.deeper(|parser| parser.list(Self::expression))?
        };
        self.expect_symbol(")")?;
        if !(least..=most).contains(&arguments.len()) {
            return Err(problem(QueryProblem::WrongArguments(name.to_owned())));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn period(&mut self) -> Parsed<Period> {
        let token = self.next()?;
        match token.kind {
            TokenKind::Period(period) => Ok(period),
            _ => Err(self.unexpected_token(&token)),
        }
    }

    /// What an aggregation is called with. Inside it there can be no other.
    fn aggregate(&mut self, mut kind: AggregateKind) -> Parsed<Expression> {
        let outer = self.aggregates.take();
        let of = if self.take_symbol("*")? || self.peek_symbol(")")? {
            None
        } else {
            Some(self.expression()?)
        };
        if of.is_none() && kind != AggregateKind::Count {
            return Err(self.unexpected());
        }
        if let AggregateKind::Percentile(percent) = &mut kind
            && percent.is_nan()
        {
            self.expect_symbol(",")?;
            let token = self.next()?;
            match token.kind {
                TokenKind::Number(number) if (0.0..=100.0).contains(&number) => *percent = number,
                _ => return Err(self.unexpected_token(&token)),
            }
        }
        self.expect_symbol(")")?;
        let mut aggregates = outer.unwrap_or_default();
        let place = aggregates.len();
        aggregates.push(Aggregate { kind, of });
        self.aggregates = Some(aggregates);
        Ok(Expression::Aggregate(place))
    }

    /// The columns that are printed, and the rest.
    fn finish(mut self) -> Program {
        filter_before_sorting(&mut self.commands);
        let mut columns = Vec::new();
        if let Some(display) = self.display {
            columns = display;
        } else {
            if self.stage == QueryStage::Events && !self.lists_fields {
                for (name, field) in [
                    ("@timestamp", SystemField::Timestamp),
                    ("@message", SystemField::Message),
                ] {
                    columns.push(Column {
                        name: name.to_owned(),
                        field: Field::System(field),
                    });
                }
            }
            columns.extend(self.fields);
        }
        if self.stage == QueryStage::Events && columns.iter().all(|column| column.name != "@ptr") {
            columns.push(Column {
                name: "@ptr".to_owned(),
                field: Field::System(SystemField::Ptr),
            });
        }
        Program {
            names: self.names,
            commands: self.commands,
            columns,
        }
    }
}

/// Moves filters before the sorts that they follow: fewer rows to sort, and the same ones in the same order.
fn filter_before_sorting(commands: &mut [Command]) {
    for last in 1..commands.len() {
        for at in (1..=last).rev() {
            if !matches!(commands.get(at - 1..=at), Some([Command::Sort(_), Command::Filter(_)])) {
                break;
            }
            commands.swap(at - 1, at);
        }
    }
}

fn unknown_after_stats(name: &str, start: usize, end: usize) -> QueryError {
    QueryError {
        problem: QueryProblem::UnknownAfterStats(name.to_owned()),
        start,
        end,
    }
}

fn already_defined(name: &str, start: usize, end: usize) -> QueryError {
    QueryError {
        problem: QueryProblem::AlreadyDefined {
            name: name.to_owned(),
            start,
            end,
        },
        start,
        end,
    }
}

/// The one part, or all in a list.
fn joined(mut parts: Vec<Expression>, list: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            list(parts)
        }
    }
}

fn negative(expression: Expression) -> Expression {
    Expression::Not(Box::new(expression))
}

/// Terms of one rank as one expression; the first one's operator is not looked at.
fn arithmetic(terms: Vec<(Operator, Expression)>) -> Option<Expression> {
    let mut terms = terms.into_iter();
    let (_, first) = terms.next()?;
    let rest: Vec<_> = terms.collect();
    Some(if rest.is_empty() {
        first
    } else {
        Expression::Arithmetic(Box::new(first), rest)
    })
}

use proptest::prelude::*;

use super::*;

const AUTHENTICATOR: &str = "authenticator-0b8cd9aa7dd6c4cb8e2ad4ba2e4c8f2d";
const AUDIT: &str = "kube-apiserver-audit-0b8cd9aa7dd6c4cb8e2ad4ba2e4c8f2d";
const LOG: &str = "111122223333:/aws/eks/my-cluster/cluster";

const GRANTED: &str = r#"time="2021-08-08T20:04:46Z" level=info msg="access granted" arn="arn:aws:iam::111122223333:user/creator" client="127.0.0.1:52312" groups="[system:masters]" method=POST path=/authenticate uid="heptio-authenticator-aws:111122223333:AIDACREATOR" username=kubernetes-admin"#;
const DENIED: &str = r#"time="2021-08-08T20:05:01Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:user/testuser" client="127.0.0.1:52313" error="ARN is not mapped" method=POST path=/authenticate"#;
const GET_PODS: &str = r#"{"kind":"Event","verb":"get","user":{"username":"kubernetes-admin","groups":["system:masters","system:authenticated"]},"objectRef":{"resource":"pods","namespace":"default"},"responseStatus":{"code":200},"annotations":{"authorization.k8s.io/decision":"allow"},"latency":12.5,"dryRun":false}"#;
const LIST_NODES: &str = r#"{"kind":"Event","verb":"list","user":{"username":"testuser","groups":["system:authenticated"]},"objectRef":{"resource":"nodes"},"responseStatus":{"code":403,"reason":"Forbidden"},"annotations":{"authorization.k8s.io/decision":"forbid"},"latency":3,"dryRun":true}"#;
const GET_NODES: &str = r#"{"kind":"Event","verb":"get","user":{"username":"testuser","groups":["system:authenticated"]},"objectRef":{"resource":"nodes"},"responseStatus":{"code":403,"reason":"Forbidden"},"latency":7}"#;

/// Five events, a minute and a bit apart, in the order in which they were written.
fn records() -> Vec<Record<'static>> {
    [
        (AUTHENTICATOR, GRANTED),
        (AUDIT, GET_PODS),
        (AUTHENTICATOR, DENIED),
        (AUDIT, LIST_NODES),
        (AUDIT, GET_NODES),
    ]
    .into_iter()
    .enumerate()
    .map(|(place, (log_stream, message))| Record {
        timestamp_ms: 1_628_453_086_282 + 70_000 * i64::try_from(place).unwrap(),
        ingestion_ms: 1_628_453_090_000,
        message,
        log_stream,
        log: LOG,
        ptr: Cow::Owned(format!("p{place}")),
    })
    .collect()
}

fn run(query: &str) -> Results {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    query.run(records(), None, Timestamp::from_unix_seconds(1_628_460_000))
}

/// Runs a query and compares its rows, each as `name=value` with commas between, without `@ptr`.
#[track_caller]
fn check(query: &str, expected: &[&str]) {
    let rows: Vec<String> = run(query)
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .filter(|(name, _)| name != "@ptr")
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            cells.join(",")
        })
        .collect();
    assert_eq!(rows, expected, "{query}");
}

/// The places of the events whose rows a query gives, in the order of the rows.
#[track_caller]
fn check_events(query: &str, expected: &str) {
    let found: String = run(query)
        .rows
        .iter()
        .map(|row| {
            let (name, pointer) = row.last().unwrap();
            assert_eq!(name, "@ptr");
            pointer.trim_start_matches('p').to_owned()
        })
        .collect();
    assert_eq!(found, expected, "{query}");
}

/// What is wrong with a query, and the text that the error points at.
#[track_caller]
fn check_error(query: &str, message: &str, at: &str) {
    let error = Query::parse(query).map(|_| ()).expect_err(query);
    assert_eq!(error.to_string(), message, "{query}");
    let pointed: String = query.chars().skip(error.start).take(error.end - error.start).collect();
    assert_eq!(pointed, at, "{query}: {}..{}", error.start, error.end);
}

#[test]
fn the_queries_of_the_article_find_the_creator() {
    let results = run(
        "fields @logstream, @timestamp, @message| sort @timestamp desc | filter @logStream like /authenticator/ | filter \
         @message like \"username=kubernetes-admin\" | limit 50",
    );
    let cells = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        results.rows,
        [vec![
            cells("@logstream", AUTHENTICATOR),
            cells("@timestamp", "2021-08-08 20:04:46.282"),
            cells("@message", GRANTED),
            cells("@ptr", "p0"),
        ]]
    );
    let messages = [GRANTED, GET_PODS, DENIED, LIST_NODES, GET_NODES];
    assert_eq!(
        results.statistics,
        Statistics {
            records_matched: 1,
            records_scanned: 5,
            bytes_scanned: messages.iter().map(|message| message.len() as u64).sum(),
        }
    );
    check_events(
        "fields @timestamp, @message| filter @logStream like /authenticator/ | sort @timestamp desc | limit 1000",
        "20",
    );
}

#[test]
fn without_fields_there_are_time_and_message_newest_first() {
    let results = run("filter @logStream like 'authenticator'");
    let names: Vec<_> = results.rows[0].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["@timestamp", "@message", "@ptr"]);
    assert_eq!(results.rows[0][1].1, DENIED);
    check_events("limit 3", "432");
    check_events("tail 2", "10");
    check_events("head 1", "4");
    check_events("limit any 2", "43");
}

#[test]
fn system_fields_are_there_for_every_event() {
    check(
        "fields @timestamp, @ingestionTime, @logStream, @log, @ptr, @entity | sort @timestamp asc | limit 1",
        &[
            "@timestamp=2021-08-08 20:04:46.282,@ingestionTime=2021-08-08 20:04:50.000,@logStream=authenticator-0b8cd9aa7dd6c4cb8e2ad4ba2e4c8f2d,@log=111122223333:/aws/eks/my-cluster/cluster",
        ],
    );
}

#[test]
fn filters_keep_what_they_say() {
    for (condition, events) in [
        ("verb = 'get'", "41"),
        ("verb == \"get\"", "41"),
        ("verb != 'get'", "320"),
        ("responseStatus.code = 403", "43"),
        ("responseStatus.code = \"403\"", "43"),
        ("responseStatus.code > 200", "43"),
        ("responseStatus.code >= 200 and latency < 7.5", "43"),
        ("latency <= 3 or latency>12", "31"),
        ("latency - 1 = 2", "3"),
        ("verb in ['list', \"watch\"]", "3"),
        ("verb not in ['list']", "4210"),
        ("responseStatus.code in [200, 201]", "1"),
        ("ispresent(responseStatus.reason)", "43"),
        ("isPresent(verb) and not ispresent(responseStatus.reason)", "1"),
        ("not verb = 'get' and ispresent(verb)", "3"),
        ("not not verb = 'get'", "41"),
        ("not (verb = 'get' or verb = 'list')", "20"),
        ("verb = 'list' or verb = 'get' and responseStatus.code = 200", "31"),
        ("(verb = 'list' or verb = 'get') and responseStatus.code = 200", "1"),
        ("user.groups.0 = 'system:masters'", "1"),
        ("ispresent(user.groups.1)", "1"),
        ("`user`.`groups`.1 like 'authenticated'", "1"),
        ("`annotations.authorization.k8s.io/decision` = 'forbid'", "3"),
        ("annotations.`authorization.k8s.io/decision` = 'allow'", "1"),
        ("dryRun = 1", "3"),
        ("dryRun = true", "3"),
        ("dryRun = 'false'", "1"),
        ("dryRun", "3"),
        ("@message like /(?i)ACCESS (granted|denied)/", "20"),
        ("@message =~ /arn:aws:iam::\\d{12}:user\\/testuser/", "2"),
        ("@message =~ \"access denied\"", "2"),
        ("@message like \"msg=\\\"access denied\\\"\"", "2"),
        (
            "@message not like /username=/ and @logStream like /^authenticator-/",
            "2",
        ),
        ("verb not like /get/", "320"),
        ("verb like 'GET'", ""),
        ("Verb = 'get'", ""),
        ("@LOGSTREAM like 'audit'", "431"),
        ("@timestamp > 1628453226000", "432"),
        ("@timestamp like '20:04'", "0"),
        ("toMillis(@timestamp) = 1628453086282", "0"),
        ("datefloor(@timestamp, 1h) = fromMillis(1628452800000)", "43210"),
        ("now() = 1628460000", "43210"),
        ("strcontains(@message, 'granted')", "0"),
        ("strcontains(@message, 'granted') = 1", "0"),
        ("isempty(verb)", "20"),
        ("isblank(trim('  '))", "43210"),
        ("strlen(verb) = 4", "3"),
        ("toupper(verb) = 'LIST'", "3"),
        (
            "isIpInSubnet('10.1.2.3', '10.0.0.0/8') = 1 and isvalidip('::1') = 1 and isValidIpv4('::1') = 0",
            "43210",
        ),
    ] {
        check_events(&format!("filter {condition}"), events);
        check_events(&format!("fields verb | WHERE {condition}"), events);
    }
}

#[test]
fn expressions_have_values() {
    for (expression, value) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("2 ^ 3", "8"),
        ("2 * 3 ^ 2 - 1", "17"),
        ("10 % 3", "1"),
        ("10 / 4", "2.5"),
        ("-3 + - -1", "-2"),
        ("'4' * 2", "8"),
        ("abs(-1.5)", "1.5"),
        ("ceil(1.2) + floor(1.8) + round(1.5)", "5"),
        ("sqrt(9)", "3"),
        ("greatest(1, 3, 2)", "3"),
        ("least(4, 3, 5)", "3"),
        ("concat('a', 1, \"b\")", "a1b"),
        ("coalesce(nothing, 'x')", "x"),
        ("if(1 = 1, 'yes', 'no')", "yes"),
        ("if(1 = 2, 'yes', 'no')", "no"),
        ("trim('xxaxx', 'x')", "a"),
        ("ltrim('  a ')", "a "),
        ("rtrim(' a ')", " a"),
        ("strlen('é')", "1"),
        ("tolower('AbC')", "abc"),
        ("substr('héllo', 1)", "éllo"),
        ("substr('héllo', 1, 2)", "él"),
        ("substr('héllo', 9, 2)", ""),
        ("replace('a.b.c', '.', '--')", "a--b--c"),
        ("startsWith('abc', 'ab') + endsWith('abc', 'bc')", "2"),
        ("1 < 2", "1"),
        ("'a\\'b\\n\\d'", "a'b\n\\d"),
        ("fromMillis(0)", "1970-01-01 00:00:00.000"),
        ("dateceil(@timestamp, 1d)", "2021-08-09 00:00:00.000"),
        ("bin(1mo)", "2021-08-01 00:00:00.000"),
    ] {
        check(
            &format!("fields {expression} as v | sort @timestamp | limit 1"),
            &[&format!("v={value}")],
        );
    }
    // What has no value is not in the row.
    for expression in [
        "nothing",
        "1 / 0",
        "nothing + 1",
        "'a' * 2",
        "sqrt(-1)",
        "replace(nothing, 'a', 'b')",
    ] {
        check(&format!("fields {expression} as v | limit 1"), &[""]);
    }
}

#[test]
fn fields_add_up_and_the_last_display_wins() {
    check(
        "fields verb | fields user.username, verb | filter verb = 'list'",
        &["verb=list,user.username=testuser"],
    );
    check(
        "fields verb, strlen(verb) | filter verb='list'",
        &["verb=list,strlen(verb)=4"],
    );
    check(
        "fields @message | display verb | display user.username, verb = 'list' as listed | filter ispresent(verb)",
        &[
            "user.username=testuser,listed=0",
            "user.username=testuser,listed=1",
            "user.username=kubernetes-admin,listed=0",
        ],
    );
    check("fields toupper(verb) as V | filter V = 'LIST' | display V", &["V=LIST"]);
    check(
        "fields `objectRef`.resource | filter verb='list'",
        &["objectRef.resource=nodes"],
    );
}

#[test]
fn parse_takes_fields_out_of_texts() {
    check(
        r#"filter @logStream like /authenticator/ | parse @message 'level=* msg="*" arn="*"' as level, msg, arn | display level, msg, arn"#,
        &[
            "level=warning,msg=access denied,arn=arn:aws:iam::111122223333:user/testuser",
            "level=info,msg=access granted,arn=arn:aws:iam::111122223333:user/creator",
        ],
    );
    check(
        "parse @message \"username=*\" as @user | filter ispresent(@user) | fields @timestamp",
        &["@user=kubernetes-admin,@timestamp=2021-08-08 20:04:46.282"],
    );
    check(
        r"parse @message /level=(?<level>\w+) msg=.*(?<method>POST)/ | filter level = 'info' | display level, method",
        &["level=info,method=POST"],
    );
    check(
        r"parse @message /level=(\w+) .*client=.(\S+):/ as level, client | filter level = 'info' | display client",
        &["client=127.0.0.1"],
    );
    check(
        "parse 'user/*\"' as who | filter ispresent(who) | stats count(*) as n by who",
        &["who=testuser,n=1", "who=creator,n=1"],
    );
    check(
        "parse concatenated 'x*' as y | parse user.username '*-*' as a, b | filter ispresent(a) | display a, b, y",
        &["a=kubernetes,b=admin"],
    );
}

#[test]
fn stats_aggregate_by_group() {
    check("stats count(*)", &["count(*)=5"]);
    check("stats count(), count(verb) as verbs", &["count()=5,verbs=3"]);
    check(
        "filter ispresent(verb) | stats count(*) as n, avg(latency), sum(latency), min(latency), max(latency) by user.username",
        &[
            "user.username=testuser,n=2,avg(latency)=5,sum(latency)=10,min(latency)=3,max(latency)=7",
            "user.username=kubernetes-admin,n=1,avg(latency)=12.5,sum(latency)=12.5,min(latency)=12.5,max(latency)=12.5",
        ],
    );
    check(
        "stats pct(latency, 50) as p50, median(latency) as m, pct(latency, 99) as p99, stddev(latency) as d, count_distinct(user.username) as u",
        &["p50=7,m=7,p99=12.5,d=3.8944,u=2"],
    );
    check(
        "stats earliest(verb) as first, latest(verb) as last, latest(@timestamp) as t, sortsFirst(verb) as a, sortsLast(verb) as z",
        &["first=get,last=get,t=1628453366282,a=get,z=list"],
    );
    check(
        "stats count(*) by bin(5m)",
        &[
            "bin(5m)=2021-08-08 20:05:00.000,count(*)=4",
            "bin(5m)=2021-08-08 20:00:00.000,count(*)=1",
        ],
    );
    check(
        "stats count(*) as n by datefloor(@timestamp, 1m) as minute, @logStream like /audit/ as audit | sort n desc, minute asc, audit | limit 2",
        &[
            "minute=2021-08-08 20:04:00.000,audit=0,n=1",
            "minute=2021-08-08 20:05:00.000,audit=1,n=1",
        ],
    );
    check(
        "stats (max(latency) - min(latency)) / count(latency) as spread, max(latency) * 2",
        &["spread=3.1667,max(latency) * 2=25"],
    );
    check(
        "stats count(*) as n by verb | filter n > 1 | sort verb desc | fields n * 10 as tens",
        &["verb=get,n=2,tens=20", "n=2,tens=20"],
    );
    check(
        "stats count(*) as n by user.username as who | stats max(n) as most, count(*) as users",
        &["most=2,users=3"],
    );
    check(
        "stats count(*) by bin(5m) | sort `bin(5m)` | limit 1",
        &["bin(5m)=2021-08-08 20:00:00.000,count(*)=1"],
    );
    check("stats count(*) as n by @logStream | display n", &["n=3", "n=2"]);
    check("filter verb = 'nothing' | stats count(*)", &[]);
    assert_eq!(
        run("filter ispresent(verb) | stats count(*)")
            .statistics
            .records_matched,
        3
    );
}

#[test]
fn sorting_and_deduplication() {
    check_events("sort latency", "02341");
    check_events("sort latency desc", "14302");
    check_events("sort user.username desc, @timestamp asc", "34102");
    check_events("order responseStatus.code desc, latency", "34102");
    check_events("sort strlen(@message) desc | limit 1", "1");
    check_events("filter ispresent(verb) | dedup user.username", "41");
    check_events(
        "filter ispresent(verb) | sort @timestamp asc | dedup user.username, verb | limit 2",
        "13",
    );
    // What lacks one of the fields is no duplicate.
    check_events("dedup verb", "4320");
    assert_eq!(run("dedup verb").statistics.records_matched, 5);
}

#[test]
fn limits_of_the_query_and_of_the_request() {
    let rows = |text: &str, limit, count: usize| {
        let record = |place| Record {
            timestamp_ms: i64::try_from(place).unwrap(),
            ..records()[0].clone()
        };
        let query = Query::parse(text).unwrap();
        query
            .run((0..count).map(record), limit, Timestamp::UNIX_EPOCH)
            .rows
            .len()
    };
    assert_eq!(rows("fields @ptr", None, 10_001), 10_000);
    assert_eq!(rows("limit 10001", None, 10_001), 10_001);
    assert_eq!(rows("limit 10", Some(3), 11), 3);
    assert_eq!(rows("limit 3", Some(10), 11), 3);
    assert_eq!(rows("limit 0", None, 11), 0);
    assert_eq!(rows("fields @ptr", Some(10_001), 10_002), 10_001);
}

#[test]
fn comments_and_lines_are_free() {
    check_events(
        "# who was refused?\n  filter verb = 'get' # only one verb\n\n| sort @timestamp asc\n\t|limit 1 # the first # one",
        "1",
    );
    check_events("fields @message|filter verb='get'|sort @timestamp", "14");
    check_events(
        "FIELDS @message | FILTER verb LIKE 'get' AND NOT latency > 10 | SORT @timestamp DESC | LIMIT 1",
        "4",
    );
}

#[test]
fn errors_say_what_and_where() {
    let commands = "{K_PARSE, K_SEARCH, K_FIELDS, K_DISPLAY, K_FILTER, K_SORT, K_ORDER, K_HEAD, K_LIMIT, K_TAIL}";
    let mismatched = |got: &str| format!("mismatched input '{got}' expecting {commands}");
    check_error(
        "fields @timestamp, custom_field | count()",
        &mismatched("count"),
        "count",
    );
    check_error("", &mismatched("<EOF>"), "");
    check_error("fields @message |", &mismatched("<EOF>"), "");
    check_error("| fields @message", &mismatched("|"), "|");
    check_error("'fields'", &mismatched("'fields'"), "'fields'");
    let unexpected = |what: &str, line: u32, column: u32| {
        format!("unexpected symbol found {what} at line {line} and position {column}")
    };
    check_error(
        "fields @message | dedup verb | sort verb",
        &unexpected("sort", 1, 31),
        "sort",
    );
    check_error("fields @message filter verb", &unexpected("filter", 1, 16), "filter");
    check_error("filter é = 1", "token recognition error at: 'é'", "é");
    check_error("# é\nfilter verb =", &unexpected("<EOF>", 2, 13), "");
    check_error("filter verb like get", &unexpected("get", 1, 17), "get");
    check_error("filter verb not = 1", &unexpected("=", 1, 16), "=");
    check_error("filter verb in ('get')", &unexpected("(", 1, 15), "(");
    check_error("filter (verb = 1", &unexpected("<EOF>", 1, 16), "");
    check_error("filter a = b = c", &unexpected("=", 1, 13), "=");
    check_error("limit ten", &unexpected("ten", 1, 6), "ten");
    check_error("limit 1.5", &unexpected("1.5", 1, 6), "1.5");
    check_error("fields", &unexpected("<EOF>", 1, 6), "");
    check_error("fields a,", &unexpected("<EOF>", 1, 9), "");
    check_error("stats count(*) by", &unexpected("<EOF>", 1, 17), "");
    check_error("stats sum(*)", &unexpected(")", 1, 11), ")");
    check_error("stats pct(a, 101)", &unexpected("101", 1, 13), "101");
    check_error("filter a = 'b", "token recognition error at: ''b'", "'b");
    check_error("filter a like /b", "token recognition error at: '/b'", "/b");
    check_error("fields `a", "token recognition error at: '`a'", "`a");
    check_error("fields a; b", &unexpected(";", 1, 8), ";");
    check_error("fields a & b", "token recognition error at: '&'", "&");
    check_error("stats count(*) by bin(5x)", "invalid time period: 5x", "5x");
    check_error("stats count(*) by bin(0m)", "invalid time period: 0m", "0m");
    check_error("fields nosuch(a)", "unknown function nosuch", "nosuch");
    check_error("fields count(a)", "unknown function count", "count");
    check_error("stats sum(count(a))", "unknown function count", "count");
    check_error(
        "fields strlen(a, b)",
        "wrong number of arguments for function strlen",
        "strlen",
    );
    check_error(
        "filter @message like /(?=a)/",
        "invalid regular expression: look-around, including look-ahead and look-behind, is not supported",
        "/(?=a)/",
    );
    check_error(
        "parse @message 'a*b*' as x",
        "the number of fields (1) does not match the number of wildcards or groups (2) in the parse pattern",
        "'a*b*'",
    );
    check_error(
        "parse @message 'ab'",
        "the number of fields (0) does not match the number of wildcards or groups (1) in the parse pattern",
        "'ab'",
    );
    check_error(
        "parse @message 'a*' as x | fields @timestamp, x",
        "Ephemeral field is already defined: x ([46,47])",
        "x",
    );
    check_error(
        "fields a as x | stats sum(a) as x",
        "Ephemeral field is already defined: x ([22,33])",
        "sum(a) as x",
    );
    check_error(
        "fields verb as @message",
        "Ephemeral field is already defined: @message ([7,23])",
        "verb as @message",
    );
    check_error(
        "stats count(*) by verb | sort latency",
        "Unknown symbols found in or after stats: latency",
        "latency",
    );
    check_error(
        "stats count(*) by bin(1d) | sort bin(1d)",
        "Unknown symbols found in or after stats: @timestamp",
        "bin",
    );
    check_error(
        "stats verb by latency",
        "Unknown symbols found in or after stats: verb",
        "verb",
    );
    for command in ["pattern", "anomaly", "diff", "unmask", "SOURCE", "search"] {
        let message = format!("the command {command} is not served by this simulator");
        check_error(&format!("fields @message | {command} @message"), &message, command);
    }
    let long = |length: usize| format!("fields {}", "a".repeat(length - "fields ".len()));
    check_error(&long(10_001), "the query is longer than 10000 characters", "a");
    assert!(Query::parse(&long(10_000)).is_ok());
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth| format!("filter {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&nested(100)).is_ok());
    assert_eq!(Query::parse(&nested(101)).unwrap_err().problem, QueryProblem::TooDeep);
    assert_eq!(Query::parse(&nested(4_900)).unwrap_err().problem, QueryProblem::TooDeep);
    for hostile in [
        format!("filter {}1", "not ".repeat(2_400)),
        format!("fields {}1 as x", "-".repeat(9_900)),
        format!("fields 1{} as x", "+1".repeat(4_900)),
        format!("fields 1{} as x", "^1".repeat(4_900)),
        format!("filter 1{}", " or 1".repeat(1_900)),
        format!("filter {}1{}", "not 1 = - 2 ^ (".repeat(99), ")".repeat(99)),
        format!("fields {}'a'{} as x", "concat('a',".repeat(99), ")".repeat(99)),
        format!("fields {}", "a,".repeat(4_900) + "b"),
        format!("filter a in [{}1]", "1,".repeat(4_900)),
        format!("limit 1{}", "|limit 1".repeat(1_200)),
        format!("fields a{}", "|sort a|filter 1".repeat(600)),
    ] {
        let query = Query::parse(&hostile).unwrap_or_else(|error| panic!("{hostile}: {error}"));
        query.run(records(), None, Timestamp::UNIX_EPOCH);
    }
    let regex = "filter @message like /((a{100}){100}){100}/";
    assert!(matches!(
        Query::parse(regex).unwrap_err().problem,
        QueryProblem::InvalidRegex(_)
    ));
}

#[test]
fn texts_that_double_stop_growing() {
    let mut query = "fields concat(@message, @message) as x0".to_owned();
    for place in 1..100 {
        query.push_str(&format!("|fields concat(x{0}, x{0}) as x{place}", place - 1));
    }
    check(
        &format!("{query} | display strlen(x2) > 0 as yes, ispresent(x99) as no | limit 1"),
        &["yes=1,no=0"],
    );
}

/// Runs a query over so many log events with that message.
fn run_over(query: &str, count: usize, message: &str) -> Results {
    let record = Record {
        message,
        ..records()[0].clone()
    };
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    query.run(std::iter::repeat_n(record, count), None, Timestamp::UNIX_EPOCH)
}

/// By count: what a query would look at is counted before it is.
#[test]
fn a_query_that_takes_too_many_steps_is_ended() {
    let message = "c".repeat(1 << 20);
    let expression = "x[ab]{400}";
    assert!(!run_over(&format!("filter @message like /{expression}/"), 5, &message).is_timed_out);
    for query in [
        format!("filter @message like /{expression}/"),
        format!("parse @message /{expression}(?<y>.)/"),
        format!("filter @message in [{}1]", "'x',".repeat(2_000)),
    ] {
        let results = run_over(&query, 10_000, &message);
        assert!(results.is_timed_out, "{query}");
        assert!(
            results.rows.is_empty() && results.statistics.records_scanned <= 6,
            "{query}"
        );
    }
}

/// Each of these would keep gigabytes.
#[test]
fn a_query_that_keeps_too_much_is_ended() {
    let message = "c".repeat(1 << 20);
    let columns = |count: usize, of: &str| {
        let columns: Vec<String> = (0..count).map(|column| format!("{of} as a{column}")).collect();
        columns.join(", ")
    };
    for query in [
        format!("fields {}", columns(400, "@message")),
        format!(
            "fields concat(@message, '') as x | limit 1 | fields {}",
            columns(400, "x")
        ),
        format!("fields concat(@message, '') as x | sort {}x", "x, ".repeat(400)),
        format!(
            "fields concat(@message, '') as x | stats count(*) by {}",
            columns(400, "x")
        ),
        format!("fields concat(@message, '') as x | stats {}", columns(400, "latest(x)")),
    ] {
        let results = run_over(&query, 60, &message);
        assert!(results.is_timed_out && results.rows.is_empty(), "{query}");
    }
    let groups = format!("stats {} by @timestamp", columns(300, "count(*)"));
    let query = Query::parse(&groups).unwrap();
    let events = (0..100_000).map(|timestamp_ms| Record {
        timestamp_ms,
        ..records()[0].clone()
    });
    assert!(query.run(events, None, Timestamp::UNIX_EPOCH).is_timed_out);
}

/// Each character was looked for in all of the others.
#[test]
fn trimming_takes_time_linear_in_both_texts() {
    let message = format!(
        r#"{{"text":"{}","characters":"{}z"}}"#,
        "z".repeat(1_000_000),
        "a".repeat(1_000_000)
    );
    let results = run_over("fields strlen(trim(text, characters)) as left", 1, &message);
    assert_eq!(results.rows[0][0], ("left".to_owned(), "0".to_owned()));
}

#[test]
fn long_values_are_told_apart_in_groups() {
    let message = |last| format!("{}{last}", "c".repeat(5_000));
    let messages = [message('a'), message('b'), message('a')];
    let events = messages.iter().map(|message| Record {
        message,
        ..records()[0].clone()
    });
    let count = |query: &str| {
        let query = Query::parse(query).unwrap();
        query.run(events.clone(), None, Timestamp::UNIX_EPOCH).rows.len()
    };
    assert_eq!(count("stats count(*) by @message"), 2);
    assert_eq!(count("dedup @message"), 2);
    assert_eq!(count("dedup @log, @message, @message"), 2);
}

/// Queries made of the words of the language, so that many get past the reader.
fn wordy() -> impl Strategy<Value = String> {
    let words = [
        "fields",
        "filter",
        "stats",
        "sort",
        "parse",
        "limit",
        "dedup",
        "display",
        "tail",
        "by",
        "as",
        "and",
        "or",
        "not",
        "like",
        "in",
        "desc",
        "|",
        "|",
        "|",
        ",",
        "(",
        ")",
        "[",
        "]",
        "=",
        "!=",
        "<",
        "+",
        "-",
        "*",
        "/",
        "^",
        "%",
        "/x(.)/",
        "'get'",
        "'a*b'",
        "verb",
        "latency",
        "x",
        "y",
        "@message",
        "@timestamp",
        "user.groups.0",
        "1",
        "2.5",
        "5m",
        "count(*)",
        "sum(latency)",
        "pct(latency,",
        "bin(5m)",
        "strlen(",
        "substr(",
        "replace(",
        "concat(",
        "#",
        "\n",
        "`",
        "'",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,60}") {
        if let Ok(query) = Query::parse(&text) {
            query.run(records(), None, Timestamp::UNIX_EPOCH);
        }
    }

    #[test]
    fn no_query_panics_and_errors_point_into_it(text in wordy()) {
        match Query::parse(&text) {
            Ok(query) => {
                query.run(records(), Some(2), Timestamp::UNIX_EPOCH);
            }
            Err(error) => prop_assert!(error.start <= error.end && error.end <= text.chars().count()),
        }
    }

    #[test]
    fn no_message_panics(message in ".{0,40}", json in "\\{\"(verb|x)\":[0-9\"a{}\\[\\],:]{0,12}\\}?") {
        let query = Query::parse("parse @message /(?<x>.)(?<y>.)?/ | filter verb != 1 or x > 'a' | sort y, verb | dedup x").unwrap();
        for message in [&message, &json] {
            let record = Record { message, ..records()[0].clone() };
            query.run([record], None, Timestamp::UNIX_EPOCH);
        }
    }

    #[test]
    fn a_filter_and_its_negation_share_the_events(condition in "(verb|latency|user\\.username) (=|<|like|>=) '(get|7|test)'") {
        let count = |query: String| Query::parse(&query).unwrap().run(records(), None, Timestamp::UNIX_EPOCH).rows.len();
        prop_assert_eq!(count(format!("filter {condition}")) + count(format!("filter not ({condition})")), records().len());
    }
}

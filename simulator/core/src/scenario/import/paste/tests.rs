use super::*;

#[track_caller]
fn check(text: &str, wanted: &[(Form, &str)]) {
    let mut findings = Vec::new();
    let found: Vec<(Form, String)> = pieces("x", text, &mut findings)
        .into_iter()
        .map(|piece| (piece.form, piece.text()))
        .collect();
    let wanted: Vec<(Form, String)> = wanted.iter().map(|(form, text)| (*form, (*text).to_owned())).collect();
    assert_eq!(found, wanted, "{text}\n{findings:?}");
}

#[test]
fn artifacts_are_told_apart() {
    check(
        "Hi,\n$ aws sts get-caller-identity\n{\n \"Arn\": \"a\"\n}\n  mapRoles: |\n    - a\n\nlevel=info msg=x\nbye\n",
        &[
            (Form::Command, "aws sts get-caller-identity\n"),
            (Form::Json, "{\n \"Arn\": \"a\"\n}\n"),
            (Form::Yaml, "mapRoles: |\n  - a\n"),
            (Form::Log, "level=info msg=xbye\n"),
        ],
    );
    check(
        "error: You must be logged in to the server (Unauthorized)\n\narn:aws:iam::111122223333:user/dev\n",
        &[
            (
                Form::ClientError,
                "error: You must be logged in to the server (Unauthorized)\n",
            ),
            (Form::Arn, "arn:aws:iam::111122223333:user/dev\n"),
        ],
    );
}

#[test]
fn errors_of_the_aws_cli_2_are_errors() {
    check(
        "\naws: [ERROR]: An error occurred (X) when calling the Y operation: z\n\naws: [ERROR]: The config profile (x) could not be \
         found\n",
        &[
            (
                Form::ClientError,
                "An error occurred (X) when calling the Y operation: z\n",
            ),
            (Form::ClientError, "The config profile (x) could not be found\n"),
        ],
    );
}

#[test]
fn errors_are_errors_in_every_format_of_the_aws_cli_2() {
    for error in [
        "Code: X\nMessage: 'no b'\nmessage: 'no b'\n",
        "XError\tno b\tno b\n",
        "-------\n|   error   |\n+-----+\n|  Code   |  X     |\n|  Message|  no b  |\n+-----+\n",
    ] {
        let mut findings = Vec::new();
        let text = format!("mapRoles: |\n  - rolearn: x\n{error}level=info msg=x\n");
        let found = pieces("x", &text, &mut findings);
        let forms: Vec<Form> = found.iter().map(|piece| piece.form).collect();
        assert_eq!(forms, [Form::Yaml, Form::ClientError, Form::Log], "{text}");
        let said = found[1].text();
        assert!(
            said.starts_with("An error occurred (X") && said.ends_with("): no b\n"),
            "{said}"
        );
        assert_eq!(found[1].place(1, 1).0, 3, "{text}");
    }
}

#[test]
fn places_are_those_of_the_text_as_it_came() {
    let mut findings = Vec::new();
    let pieces = pieces(
        "x",
        "\u{feff}hello\r\n> >   mapRoles: |\r\n> >     - rolearn: x\r\n",
        &mut findings,
    );
    assert_eq!(pieces[0].text(), "mapRoles: |\n  - rolearn: x\n");
    // `rolearn` stands in column 5 of the piece's second line.
    assert_eq!(pieces[0].place(2, 5), (3, 11));
}

#[test]
fn wrapped_lines_are_joined_as_they_were() {
    let line = r#"time="2026-11-20T08:00:00Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:role/dev" client="127.0.0.1:4" error="identity is not mapped" method=POST path=/authenticate"#;
    let whole = Record::parse(line).unwrap();
    for width in 30..line.len() {
        let characters: Vec<char> = line.chars().collect();
        let wrapped: Vec<String> = characters.chunks(width).map(|chunk| chunk.iter().collect()).collect();
        let mut findings = Vec::new();
        let pieces = pieces("x", &wrapped.join("\n"), &mut findings);
        let read: Vec<Record> = pieces
            .iter()
            .flat_map(|piece| &piece.lines)
            .filter_map(|line| Record::parse(&line.text))
            .collect();
        assert_eq!(
            read.first().and_then(Record::denial),
            whole.denial(),
            "{width}: {wrapped:#?}"
        );
        assert_eq!(read.first().and_then(Record::arn), whole.arn(), "{width}: {wrapped:#?}");
    }
}

/// Each sign was taken off by itself, each line joined to all before it, and each error moved all lines behind it.
#[test]
fn long_texts_are_fixed_in_one_pass() {
    let quoted = format!("{} level=info msg=x", ">".repeat(200_000));
    check(&quoted, &[(Form::Log, "level=info msg=x\n")]);
    let mut findings = Vec::new();
    let junk = format!("{}\n", "x".repeat(100)).repeat(4_000);
    let found = pieces(
        "x",
        &format!("level=warning msg=\"access denied\n{junk}"),
        &mut findings,
    );
    let [log] = &found[..] else {
        panic!("{} pieces", found.len())
    };
    assert_eq!(log.lines.len(), 4_001_usize.div_ceil(WRAPPED_LINES + 1));
    assert_eq!(log.text().matches('x').count(), 400_000);
    let errors = pieces("x", &"NotFound\tno such thing\n".repeat(50_000), &mut findings);
    assert_eq!(errors.len(), 50_000);
    assert!(errors.iter().all(|piece| piece.form == Form::ClientError));
}

#[test]
fn json_that_ends_too_early_is_closed_and_said_to_be_cut_off() {
    let mut findings = Vec::new();
    let found = pieces("x", "{\n  \"a\": [\n    \"b\",\n", &mut findings);
    assert_eq!(found.len(), 1);
    let found = &findings[0];
    assert_eq!((found.line, found.severity), (3, Severity::Warning));
    assert!(found.message.contains("within the `[` of line 2"), "{}", found.message);
}

use super::*;

#[track_caller]
fn refused(text: &str, line: u64, message: &str) {
    let error = stage(text, Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}

fn article_with(from: &str, to: &str) -> (String, u64) {
    assert!(ARTICLE_WORLD.contains(from));
    let text = ARTICLE_WORLD.replacen(from, to, 1);
    let line = text.lines().position(|line| line.contains(to)).unwrap() + 1;
    (text, line as u64)
}

#[test]
fn what_is_unknown_or_inconsistent_is_refused_where_it_stands() {
    for (from, to, message) in [
        (
            "creator: user/creator",
            "creator: user/nobody",
            "no `user/nobody` in account 111122223333",
        ),
        ("region: us-west-2", "regio: us-west-2", "regio"),
        (
            "account: \"111122223333\"",
            "account: \"444455556666\"",
            "no account `444455556666`",
        ),
        (
            "source_profile: default",
            "source_profile: defualt",
            "no earlier profile `defualt`",
        ),
        (
            "{name: creator, user: creator}",
            "{name: default, user: creator}",
            "two profiles are named `default`",
        ),
        (
            "id: \"111122223333\"",
            "id: \"1111\"",
            "`1111` is not a 12-digit account id",
        ),
        ("user: testuser}", "user: tester}", "no user `tester`"),
    ] {
        let (text, line) = article_with(from, to);
        refused(&text, line, message);
    }
    refused("world: 7", 1, "");
    refused("wordl: {}", 1, "");
}

#[test]
fn the_articles_world_is_staged_the_same_each_time() {
    let stage = || stage(ARTICLE_WORLD, Timestamp::from_unix_seconds(1_795_481_097)).unwrap();
    let (first, second) = (stage(), stage());
    let key = |staging: &Staging| match &staging.profiles[0].source {
        ProfileSource::AccessKey { id, .. } => id.clone(),
        ProfileSource::AssumeRole { .. } => String::new(),
    };
    assert_eq!(key(&first), key(&second));
    assert!(key(&first).starts_with("AKIA"));
    let cluster = first.world.cluster("my-cluster").unwrap();
    assert_eq!(cluster.aws_auth().users()[0].username, "testuser");
    assert_eq!(cluster.objects().list("pods", None).count(), 6);
    assert_eq!(cluster.objects().list("services", Some("default")).count(), 1);
    let names: Vec<&str> = first.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["default", "creator", "admin-test-role"]);
}

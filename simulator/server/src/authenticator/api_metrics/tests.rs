use eks_auth_core::kube::request_info::attributes;
use eks_auth_core::scenario;

use super::*;

/// `METHOD PATH?QUERY` with an answer of that code.
fn answer(metrics: &ApiMetrics, cluster: &Cluster, line: &str, code: u16) {
    let request = request(line);
    let attributes = attributes(&request.method, &request.path, &request.query);
    let response = Response::new(code, "application/json", "{}");
    metrics.answered(cluster, &request, &attributes, &response, 0.03);
}

fn request(line: &str) -> Request {
    let (method, url) = line.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let kind = if line.contains("fieldManager") {
        "application/apply-patch+yaml"
    } else {
        "application/merge-patch+json"
    };
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: Vec::new(),
        peer: ([127, 0, 0, 1], 1).into(),
    }
}

fn world() -> World {
    let staging = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH).unwrap();
    staging.world
}

/// The lines of one metric.
fn lines(metrics: &ApiMetrics, cluster: &Cluster, name: &str) -> Vec<String> {
    let text = String::from_utf8(metrics.render(cluster)).unwrap();
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.trim_start_matches(name).to_owned()).collect()
}

#[test]
fn requests_are_counted_by_what_they_reach() {
    let world = world();
    let cluster = world.cluster("my-cluster").unwrap();
    let metrics = ApiMetrics::new().unwrap();
    for (line, code) in [
        ("GET /api/v1/pods", 200),
        ("GET /api/v1/pods", 200),
        ("GET /api/v1/namespaces/default/pods?limit=5", 200),
        ("GET /api/v1/namespaces/default/pods/x", 404),
        ("GET /api/v1/namespaces/default/pods/x/log", 501),
        ("POST /apis/apps/v1/namespaces/default/deployments?dryRun=All", 201),
        ("PATCH /api/v1/namespaces/default/configmaps/x", 200),
        ("PATCH /api/v1/namespaces/default/configmaps/x?fieldManager=me", 200),
        ("DELETE /api/v1/namespaces/default/configmaps?dryRun=Some", 400),
        ("GET /livez", 200),
        // These reach nothing: what clients make up is in no label.
        ("GET /api/v1/namespaces/default/nonsense/x", 404),
        ("GET /api/v1/namespaces/default/pods/x/nonsense", 404),
        ("GET /version", 200),
    ] {
        answer(&metrics, cluster, line, code);
    }
    let labels = |code: u16, dry_run: &str, group: &str, resource: &str, scope: &str, subresource: &str, verb: &str| {
        format!(
            "{{code=\"{code}\",component=\"apiserver\",dry_run=\"{dry_run}\",group=\"{group}\",resource=\"{resource}\",scope=\"{scope}\",subresource=\"{subresource}\",verb=\"{verb}\",version=\"v1\"}}"
        )
    };
    let mut wanted = [
        labels(200, "", "", "pods", "cluster", "", "LIST") + " 2",
        labels(200, "", "", "pods", "namespace", "", "LIST") + " 1",
        labels(404, "", "", "pods", "resource", "", "GET") + " 1",
        labels(501, "", "", "pods", "resource", "log", "CONNECT") + " 1",
        labels(201, "All", "apps", "deployments", "resource", "", "POST") + " 1",
        labels(200, "", "", "configmaps", "resource", "", "PATCH") + " 1",
        labels(200, "", "", "configmaps", "resource", "", "APPLY") + " 1",
        labels(400, "invalid", "", "configmaps", "namespace", "", "DELETE") + " 1",
        "{code=\"200\",component=\"\",dry_run=\"\",group=\"\",resource=\"\",scope=\"\",subresource=\"/livez\",verb=\"GET\",version=\"\"} 1".to_owned(),
    ];
    wanted.sort();
    let mut found = lines(&metrics, cluster, "apiserver_request_total");
    found.sort();
    assert_eq!(found, wanted);
    let pods = "{component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"pods\",scope=\"cluster\",subresource=\"\",verb=\"LIST\",version=\"v1\"";
    let durations = lines(&metrics, cluster, "apiserver_request_duration_seconds_bucket");
    for (bucket, count) in [("0.025", 0), ("0.05", 2), ("60", 2), ("+Inf", 2)] {
        let line = format!("{pods},le=\"{bucket}\"}} {count}");
        assert!(durations.contains(&line), "{line} among {durations:#?}");
    }
    // Of what is read, the sizes.
    let sizes = lines(&metrics, cluster, "apiserver_response_sizes_sum");
    assert_eq!(sizes.len(), 5, "{sizes:#?}");
    metrics.reset();
    assert_eq!(
        lines(&metrics, cluster, "apiserver_request_total"),
        Vec::<String>::new()
    );
}

#[test]
fn a_watch_is_open_and_counts_when_it_ends() {
    let world = world();
    let cluster = world.cluster("my-cluster").unwrap();
    let request = request("GET /api/v1/pods?watch=true");
    let attributes = attributes(&request.method, &request.path, &request.query);
    let metrics = Arc::new(ApiMetrics::new().unwrap());
    let open = OpenRequest::begin(&metrics, cluster, &request, &attributes).unwrap();
    let count = |name: &str| -> Vec<char> {
        let lines = lines(&metrics, cluster, name);
        lines.iter().filter_map(|line| line.chars().last()).collect()
    };
    assert_eq!(
        (
            count("apiserver_longrunning_requests"),
            count("apiserver_request_total")
        ),
        (vec!['1'], vec![])
    );
    drop(open);
    assert_eq!(
        (
            count("apiserver_longrunning_requests"),
            count("apiserver_request_total")
        ),
        (vec!['0'], vec!['1'])
    );
    let open = lines(&metrics, cluster, "apiserver_request_total");
    assert!(open[0].contains("verb=\"WATCH\""), "{open:?}");
}

#[test]
fn who_asks_is_told_by_kinds_and_objects_by_resources() {
    let mut world = world();
    let cluster = Arc::clone(world.cluster("my-cluster").unwrap());
    let servers = ApiServers::default();
    let metrics = servers.of(&world, &cluster).unwrap();
    for user in [
        None,
        Some("kubelet"),
        Some("jane@example.com"),
        Some("jane"),
        Some("system:anonymous"),
    ] {
        metrics.authenticated(user);
        metrics.authorized(user == Some("jane"));
    }
    for (name, wanted) in [
        (
            "authentication_attempts",
            [r#"{result="failure"} 1"#, r#"{result="success"} 4"#].as_slice(),
        ),
        (
            "authenticated_user_requests",
            &[
                r#"{username="email_id"} 1"#,
                r#"{username="kubelet"} 1"#,
                r#"{username="other"} 2"#,
            ],
        ),
        (
            "authorization_attempts_total",
            &[r#"{result="allowed"} 1"#, r#"{result="no-opinion"} 4"#],
        ),
    ] {
        assert_eq!(lines(&metrics, &cluster, name), wanted, "{name}");
    }
    let objects = lines(&metrics, &cluster, "apiserver_storage_objects");
    for line in [r#"{resource="nodes"} 2"#, r#"{resource="deployments.apps"} 0"#] {
        assert!(objects.iter().any(|found| found == line), "{objects:#?}");
    }
    let build = lines(&metrics, &cluster, "kubernetes_build_info");
    assert!(build[0].contains("git_version=\"v1.32.5-eks-"), "{build:?}");

    // The metrics of a cluster that is recreated begin again.
    assert!(Arc::ptr_eq(&metrics, &servers.of(&world, &cluster).unwrap()));
    let mut anew = (*cluster).clone();
    anew.created = anew.created.plus_seconds(1);
    world.clusters.insert(anew.name.clone(), Arc::new(anew.clone()));
    assert!(!Arc::ptr_eq(&metrics, &servers.of(&world, &anew).unwrap()));
}

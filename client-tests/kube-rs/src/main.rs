//! The story of client-tests/tests/it/kubernetes_clients.rs, told by kube-rs: prints what it saw as one JSON object.

use std::error::Error;
use std::pin::pin;

use futures::TryStreamExt;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::ResourceAttributes;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::authorization::v1::SubjectAccessReviewSpec;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::Role;
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::Client;
use kube::CustomResource;
use kube::CustomResourceExt;
use kube::ResourceExt;
use kube::api::DeleteParams;
use kube::api::ListParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::api::PostParams;
use kube::api::WatchEvent;
use kube::api::WatchParams;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

const NAMESPACE: &str = "story";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The spec of a custom resource, whose definition kube makes.
#[derive(Clone, CustomResource, Debug, Deserialize, JsonSchema, Serialize)]
#[kube(group = "example.com", version = "v1", kind = "Widget", namespaced)]
struct WidgetSpec {
    size: i64,
}

fn object<T: DeserializeOwned>(value: Value) -> Result<T> {
    Ok(serde_json::from_value(value)?)
}

/// The code, reason and message that a call ends with.
fn refused<T>(answer: kube::Result<T>) -> Result<Value> {
    match answer {
        Err(kube::Error::Api(status)) => {
            Ok(json!({"code": status.code, "reason": status.reason, "message": status.message}))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err("the call went well".into()),
    }
}

/// What a watch tells while a ConfigMap is made, changed in three ways, and deleted.
async fn changes(maps: &Api<ConfigMap>, told: &mut Map<String, Value>) -> Result<()> {
    let list = maps.list(&ListParams::default()).await?;
    let version = list.metadata.resource_version.unwrap_or_default();
    let mut events = pin!(
        maps.watch(&WatchParams::default().labels("app=story"), &version)
            .await?
    );
    let post = PostParams::default();
    let patch = PatchParams::default();
    let made = json!({"metadata": {"name": "settings", "labels": {"app": "story"}}, "data": {"a": "1"}});
    let mut old = maps.create(&post, &object(made)?).await?;
    let merge = json!({"data": {"a": "2"}});
    maps.patch("settings", &patch, &Patch::Strategic(merge)).await?;
    let merge = json!({"data": {"a": "3"}});
    maps.patch("settings", &patch, &Patch::Merge(merge)).await?;
    let four = || Some([("a".to_owned(), "4".to_owned())].into());
    old.data = four();
    told.insert(
        "stale".to_owned(),
        refused(maps.replace("settings", &post, &old).await)?,
    );
    let mut new = maps.get("settings").await?;
    new.data = four();
    maps.replace("settings", &post, &new).await?;
    maps.delete("settings", &DeleteParams::default()).await?;
    let mut watched = Vec::new();
    while let Some(event) = events.try_next().await? {
        let (what, map) = match event {
            WatchEvent::Added(map) => ("ADDED", map),
            WatchEvent::Deleted(map) => ("DELETED", map),
            WatchEvent::Modified(map) => ("MODIFIED", map),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(error) => return Err(error.message.into()),
        };
        let data = map.data.unwrap_or_default();
        watched.push(format!("{what} {}", data.get("a").map_or("", String::as_str)));
        if what == "DELETED" {
            break;
        }
    }
    told.insert("watched".to_owned(), json!(watched));
    Ok(())
}

/// How many objects each page of a list has.
async fn pages(maps: &Api<ConfigMap>) -> Result<Vec<usize>> {
    for number in 0..5 {
        let page = json!({"metadata": {"generateName": "page-", "labels": {"page": number.to_string()}}});
        maps.create(&PostParams::default(), &object(page)?).await?;
    }
    let mut sizes = Vec::new();
    let mut parameters = ListParams::default().labels("page").limit(2);
    loop {
        let page = maps.list(&parameters).await?;
        sizes.push(page.items.len());
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => return Ok(sizes),
        }
    }
}

/// The value that a server-side apply leaves, and how another manager is refused.
async fn applied(maps: &Api<ConfigMap>, told: &mut Map<String, Value>) -> Result<()> {
    let apply = async |value: &str, manager: &str| {
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "applied"},
            "data": {"a": value},
        });
        maps.patch("applied", &PatchParams::apply(manager), &Patch::Apply(map))
            .await
    };
    apply("1", "story").await?;
    let map = apply("2", "story").await?;
    told.insert("applied".to_owned(), json!(map.data.unwrap_or_default().get("a")));
    told.insert("conflict".to_owned(), refused(apply("3", "other").await)?);
    Ok(())
}

/// A custom resource: those that are there, and how one that its schema does not allow is refused.
async fn widgets(client: &Client, told: &mut Map<String, Value>) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.create(&PostParams::default(), &Widget::crd()).await?;
    await_condition(definitions, "widgets.example.com", is_crd_established()).await?;
    let widgets: Api<Widget> = Api::namespaced(client.clone(), NAMESPACE);
    let post = PostParams::default();
    widgets
        .create(&post, &Widget::new("first", WidgetSpec { size: 3 }))
        .await?;
    // The type allows only numbers, so that what is refused is patched in.
    let large = json!({"spec": {"size": "large"}});
    let patched = widgets
        .patch("first", &PatchParams::default(), &Patch::Merge(large))
        .await;
    told.insert("invalid".to_owned(), refused(patched)?);
    let list = widgets.list(&ListParams::default()).await?;
    let found = list
        .iter()
        .map(|widget| format!("{} {}", widget.name_any(), widget.spec.size));
    told.insert("widgets".to_owned(), json!(found.collect::<Vec<_>>()));
    Ok(())
}

/// What the server says of a reader's access, and why.
async fn review(client: &Client) -> Result<Value> {
    let post = PostParams::default();
    let group = "rbac.authorization.k8s.io";
    let role = json!({
        "metadata": {"name": "readers"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}],
    });
    let roles: Api<Role> = Api::namespaced(client.clone(), NAMESPACE);
    roles.create(&post, &object(role)?).await?;
    let binding = json!({
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "readers"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
    });
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), NAMESPACE);
    bindings.create(&post, &object(binding)?).await?;
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let mut told = Vec::new();
    for verb in ["get", "delete"] {
        let spec = SubjectAccessReviewSpec {
            user: Some("jane".to_owned()),
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(NAMESPACE.to_owned()),
                resource: Some("configmaps".to_owned()),
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview {
            spec,
            ..SubjectAccessReview::default()
        };
        let status = reviews.create(&post, &review).await?.status.unwrap_or_default();
        told.push(json!([status.allowed, status.reason.unwrap_or_default()]));
    }
    Ok(told.into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let client = Client::try_default().await?;
    let mut told = Map::new();
    let selves: Api<SelfSubjectReview> = Api::all(client.clone());
    let me = selves
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let user = me.status.and_then(|status| status.user_info);
    told.insert("user".to_owned(), json!(user.and_then(|user| user.username)));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = json!({"metadata": {"name": NAMESPACE}});
    namespaces.create(&PostParams::default(), &object(namespace)?).await?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    changes(&maps, &mut told).await?;
    told.insert("pages".to_owned(), json!(pages(&maps).await?));
    applied(&maps, &mut told).await?;
    widgets(&client, &mut told).await?;
    told.insert("review".to_owned(), review(&client).await?);
    told.insert("missing".to_owned(), refused(maps.get("other").await)?);
    println!("{}", Value::Object(told));
    Ok(())
}

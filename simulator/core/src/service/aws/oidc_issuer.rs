//! `oidc.eks.REGION.amazonaws.com`: where those who want to verify a service account's token find the issuer's keys.
//!
//! Through the proxy, or by a hosts file, the host says which region; under the simulator's own address the path alone
//! tells the cluster.

use crate::service::call::Call;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::kube::token_issuer;

/// Answers a request for the documents of an issuer; nothing where it is for something else.
pub(super) fn answer(call: &Call, request: &Request) -> Option<Response> {
    let (id, document) = request.path.strip_prefix("/id/")?.split_once('/')?;
    let host = request.header("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let is_aws = super::aws_host(request).is_some();
    if is_aws && !host.to_ascii_lowercase().starts_with("oidc.eks.") {
        return None;
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Some(Response::new(
            405,
            "application/json",
            r#"{"message":"Method Not Allowed"}"#,
        ));
    }
    let issuer = format!("https://{}/id/{id}", host.to_ascii_lowercase());
    let world = call.world();
    let cluster = world.clusters.values().find(|cluster| {
        if is_aws {
            cluster.oidc_issuer() == issuer
        } else {
            cluster.oidc_id() == id
        }
    });
    let found = cluster.and_then(|cluster| match document {
        ".well-known/openid-configuration" => Some(token_issuer::public_configuration(cluster)),
        "keys" => call
            .signing_key(&cluster.name)
            .map(|key| token_issuer::public_keys(&key)),
        _ => None,
    });
    Some(found.unwrap_or_else(|| Response::new(404, "application/json", r#"{"message":"Not Found"}"#)))
}

#[cfg(test)]
mod tests {
    use crate::aws::jwt::Jwt;
    use serde_json::Value;

    use super::*;
    use crate::service::aws::testing::article;
    use crate::service::testing::State;

    fn get(state: &State, host: &str, path: &str) -> Response {
        let request = Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: vec![("host".to_owned(), host.to_owned())],
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        state.aws(&request)
    }

    #[test]
    fn an_issuer_is_found_by_its_own_url_and_by_the_path() {
        let state = article();
        let world = state.snapshot();
        let id = world.cluster("my-cluster").unwrap().oidc_id();
        let path = format!("/id/{id}/.well-known/openid-configuration");
        for (host, status) in [
            ("oidc.eks.us-west-2.amazonaws.com", 200),
            ("oidc.eks.us-west-2.amazonaws.com:443", 200),
            ("127.0.0.1:1", 200),
            ("oidc.eks.us-east-1.amazonaws.com", 404),
        ] {
            assert_eq!(get(&state, host, &path).status, status, "{host}");
        }
        assert_eq!(get(&state, "127.0.0.1:1", "/id/ABC/keys").status, 404);
        let body = String::from_utf8(get(&state, "127.0.0.1:1", &path).body).unwrap();
        assert_eq!(
            body,
            format!(
                r#"{{"issuer":"https://oidc.eks.us-west-2.amazonaws.com/id/{id}","jwks_uri":"https://oidc.eks.us-west-2.amazonaws.com/id/{id}/keys","authorization_endpoint":"urn:kubernetes:programmatic_authorization","response_types_supported":["id_token"],"subject_types_supported":["public"],"claims_supported":["sub","iss"],"id_token_signing_alg_values_supported":["RS256"]}}"#
            )
        );
    }

    #[test]
    fn the_key_set_is_that_of_the_key_that_signs() {
        let state = article();
        let id = state.snapshot().cluster("my-cluster").unwrap().oidc_id();
        let keys = || get(&state, "oidc.eks.us-west-2.amazonaws.com", &format!("/id/{id}/keys")).body;
        let first = keys();
        assert_eq!(first, keys());
        let set: Value = serde_json::from_slice(&first).unwrap();
        let key = state.call(|call| call.signing_key("my-cluster")).unwrap();
        let token = key.sign(&serde_json::json!({})).unwrap();
        assert_eq!(
            Jwt::parse(&token).unwrap().key_id.as_deref(),
            set["keys"][0]["kid"].as_str()
        );
        assert_eq!(set["keys"][0]["n"], key.public().modulus);
    }
}

//! A bearer token, judged whole: the part behind the prefix is taken as a URL, so that the fuzzer need not learn base64.

#![no_main]

use std::sync::LazyLock;

use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::explain::explain;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_core::scenario::Staging;
use eks_auth_core::scenario::stage;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_795_481_097;
static STAGING: LazyLock<Staging> = LazyLock::new(|| stage(ARTICLE_WORLD, Timestamp::from_unix_seconds(NOW)).unwrap());

fuzz_target!(|data: &[u8]| {
    let world = &STAGING.world;
    let cluster = world.cluster("my-cluster").unwrap();
    let raw = String::from_utf8_lossy(data).into_owned();
    let encoded = eks_auth_core::world::token::encode_url(&raw);
    for token in [&raw, &encoded] {
        let request = AuthenticationRequest {
            token,
            client: "127.0.0.1:1",
            sts_request_id: "r",
        };
        let authentication = authenticate(request, cluster, world, Timestamp::from_unix_seconds(NOW));
        assert!(authentication.outcome.is_err(), "nobody can guess a signature");
        let _ = explain(&authentication, cluster, world).render_text();
        for line in &authentication.log {
            assert!(!line.render().contains('\n'));
        }
    }
});

//! The query of a request to AWS, canonicalized and verified.

#![no_main]

use std::sync::LazyLock;

use eks_auth_core::aws::iam::Directory;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::aws::sigv4::CanonicalRequest;
use eks_auth_core::aws::sigv4::Receiver;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::verify;
use libfuzzer_sys::fuzz_target;

static NOBODY: LazyLock<Directory> = LazyLock::new(Directory::default);

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (path, query) = text.split_once('?').unwrap_or(("/", &text));
    let headers = [("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
    let request = SignedRequest {
        method: "GET",
        path,
        query,
        headers: &headers,
        body: b"",
    };
    let once = CanonicalRequest::new(&request, "host", "").to_string();
    let canonical_query = once.lines().nth(2).unwrap_or_default();
    let again = SignedRequest {
        query: canonical_query,
        ..request
    };
    assert_eq!(CanonicalRequest::new(&again, "host", "").to_string(), once);
    let receiver = Receiver {
        service: "sts",
        region: None,
        skew_minutes: 15,
    };
    let now = Timestamp::from_unix_seconds(1_795_481_097);
    assert!(verify(request, receiver, &NOBODY, now).outcome.is_err());
});

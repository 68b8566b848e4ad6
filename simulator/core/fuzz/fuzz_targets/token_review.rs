//! The body of a request to the webhook.

#![no_main]

use eks_auth_core::world::token_review::TokenReview;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(review) = TokenReview::parse(data) {
        let answer = review.render_denied();
        assert!(TokenReview::parse(answer.as_bytes()).is_ok(), "{answer}");
    }
});

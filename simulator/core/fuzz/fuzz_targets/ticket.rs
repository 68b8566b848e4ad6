//! `ticket` of the library beside.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| eks_auth_core_fuzz::ticket(data));

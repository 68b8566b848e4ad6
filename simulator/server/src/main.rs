//! The `eks-auth-sim` binary.

fn main() {}

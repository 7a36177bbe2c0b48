//! The collector from outside: real TLS, real gRPC, the real embedded ClickHouse, and clients that misbehave.
//!
//! **Invariant:** nothing sleeps to "let things happen"; waiting is `eventually`.

#![allow(clippy::unwrap_used)]

mod it {
    mod certificates;
    mod clocks;
    mod crashes;
    mod garbage;
    mod house;
    mod laptop;
    mod mail;
    mod notices;
    mod numbers;
    mod plain;
    mod policy;
    mod stories;
    mod streams;
    mod tokens;
    mod way;
}

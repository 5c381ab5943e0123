//! Messages of ThingsBoard's Edge service, generated from `proto/`.

#![allow(
    missing_docs,
    unreachable_pub,
    non_camel_case_types,
    clippy::all,
    clippy::unwrap_used,
    reason = "generated code"
)]

/// Package `edge`: sessions, entities, data.
pub mod edge {
    tonic::include_proto!("edge");
}

/// Package `transport`: keys and values.
pub mod transport {
    tonic::include_proto!("transport");
}

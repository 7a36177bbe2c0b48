//! Turns `weft/v1/*.proto` into Rust with no `protoc`: protox parses, prost and tonic write messages and services,
//! pbjson writes the canonical JSON form (with the proto's own field names).

use std::{env, error::Error, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 4] = [
    "weft/v1/observation.proto",
    "weft/v1/ingest.proto",
    "weft/v1/enroll.proto",
    "weft/v1/policy.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure()
        .bytes(".")
        .compile_well_known_types(true)
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(descriptors.clone())?;
    let encoded = descriptors.encode_to_vec();
    std::fs::write(out.join("weft.v1.descriptors"), &encoded)?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .preserve_proto_field_names()
        .build(&[".weft.v1"])?;
    Ok(())
}

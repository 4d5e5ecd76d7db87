//! Descriptors of gRPC services, and messages from JSON: text and bytes in, bytes out.
//!
//! [`compile_protos`] turns .proto files into a FileDescriptorSet, [`Descriptors`] finds the methods in
//! one and encodes their input messages. Equal JSON gives equal bytes on every machine: fields go by
//! their numbers, the entries of maps by their keys.

#![forbid(unsafe_code)]

mod blame;
mod descriptors;
mod encode;
mod error;
mod protos;

pub use descriptors::Descriptors;
pub use error::GrpcError;
pub use protos::compile_protos;

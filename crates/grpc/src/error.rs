//! What can be wrong with descriptors and messages.

use thiserror::Error;

/// Why descriptors cannot be used or a message cannot be encoded.
#[derive(Debug, Error)]
pub enum GrpcError {
    /// A .proto file is wrong or imports what is not there.
    #[error("{0}")]
    Proto(String),
    /// The bytes are not a FileDescriptorSet, or one that contradicts itself.
    #[error("not a usable descriptor set: {0}")]
    Descriptors(String),
    /// The descriptors do not know the method.
    #[error("method {method:?} is not in the descriptors (known: {known})")]
    UnknownMethod {
        /// `package.Service/Method` as asked for.
        method: String,
        /// The methods that are there.
        known: String,
    },
    /// The method takes or gives a stream of messages.
    #[error("method {0:?} streams; only methods with one request and one answer can be called")]
    Streaming(String),
    /// The JSON does not describe the method's input.
    #[error("the message of {method:?} does not match {message}{field}: {problem}")]
    Message {
        /// `package.Service/Method`.
        method: String,
        /// Full name of the message.
        message: String,
        /// `, field "a.b"`, or nothing when the whole message is meant.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

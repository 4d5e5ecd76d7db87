//! Executes a schedule over sockets.

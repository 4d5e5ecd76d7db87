//! static-web-server, of which cargo builds the library: this is the main function of its own src/bin/server.rs.

use static_web_server::{Result, Server, Settings};

fn main() -> Result {
    Server::new(Settings::get(true)?)?.run_standalone(None)?;
    Ok(())
}

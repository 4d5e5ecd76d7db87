"""Find what makes a Go or Rust service's tail latency slow, and prove what fixes it."""

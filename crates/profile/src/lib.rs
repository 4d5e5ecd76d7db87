//! Stack and sample tables, and the formats they are read from and written to.

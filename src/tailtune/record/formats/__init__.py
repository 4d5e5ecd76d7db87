"""Lines and bytes that runtimes write, turned into rows."""

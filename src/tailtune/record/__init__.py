"""Everything that touches the world: building, starting, loading and watching a service; the machine itself."""

"""What a repository holds, found without changing it."""

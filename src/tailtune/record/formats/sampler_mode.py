"""What the mode of the native sampler means for its stacks."""


def sees_code(mode: str) -> bool:
    """Return whether frames are functions. Where no event may be opened they are states and places of waiting."""
    return not mode.startswith("/proc")

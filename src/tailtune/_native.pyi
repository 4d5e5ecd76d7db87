"""
The native core: load generation, sampling, symbols and profile tables.
"""

from typing import Final

__all__ = ["VERSION"]

VERSION: Final[str]
"""
Version of the native core, equal to the version of the Python package.
"""

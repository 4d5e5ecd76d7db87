"""Which program cargo built."""

from pathlib import Path

import pytest

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service
from tailtune.record.targets import rust

MESSAGES = """\
{"reason":"compiler-artifact","target":{"name":"axum"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"api"},"executable":"/t/release/api"}
not json
{"reason":"compiler-artifact","target":{"name":"admin"},"executable":"/t/release/admin"}
{"reason":"build-finished","success":true}
"""


def test_the_program_is_found_in_cargos_messages() -> None:
    found = rust._binaries(MESSAGES)
    assert found == {"api": Path("/t/release/api"), "admin": Path("/t/release/admin")}
    service = Service(language=Language.RUST, binary="admin")
    assert rust._choose(found, service, "base") == Path("/t/release/admin")


@pytest.mark.parametrize(("binary", "found"), [("", ["api", "admin"]), ("", []), ("other", ["api"])])
def test_an_unclear_choice_is_an_error(binary: str, found: list[str]) -> None:
    service = Service(language=Language.RUST, binary=binary)
    with pytest.raises(BuildError, match=f"builds {len(found)} programs"):
        rust._choose({name: Path(name) for name in found}, service, "base")

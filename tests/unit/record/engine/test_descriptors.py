"""Descriptors of gRPC messages."""

from pathlib import Path

import pytest

from tailtune import _native
from tailtune.errors import ConfigError, TailtuneError
from tailtune.model.workload import Operation, Protocol, Workload
from tailtune.record.engine.descriptors import read_descriptors
from tailtune.record.engine.specification import specify

SHOP = """
syntax = "proto3";
package shop;
import "types.proto";
import "common/money.proto";
import "google/protobuf/timestamp.proto";
service Shop { rpc Buy(Order) returns (Item); }
message Order { Item item = 1; common.Money price = 2; google.protobuf.Timestamp at = 3; }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "api").mkdir()
    (tmp_path / "common").mkdir()
    (tmp_path / "api/shop.proto").write_text(SHOP)
    (tmp_path / "api/types.proto").write_text('syntax = "proto3"; package shop; message Item { uint32 id = 1; }')
    (tmp_path / "common/money.proto").write_text(
        'syntax = "proto3"; package common; message Money { int64 cents = 1; }'
    )
    return tmp_path


def workload(body: str = '{"item": {"id": 7}}', *, proto: str = "", descriptors: str = "") -> Workload:
    operation = Operation(name="buy", method="shop.Shop/Buy", body=body)
    return Workload(protocol=Protocol.GRPC, proto=proto, descriptors=descriptors, operations=[operation])


def compiled(given: Workload, root: Path) -> bytes:
    found = specify(given, root)
    path = root / "out"
    _native.compile_schedule(found.json, found.blobs, path, descriptors=found.descriptors)
    return path.read_bytes()


def test_imports_are_found_beside_the_file_and_above_it(root: Path) -> None:
    found = read_descriptors(workload(proto="api/shop.proto"), root)
    assert found is not None
    assert _native.grpc_methods(found) == ["shop.Shop/Buy"]


def test_messages_are_encoded_into_the_schedule(root: Path) -> None:
    assert b"\0\0\0\0\x04\x0a\x02\x08\x07" in compiled(workload(proto="api/shop.proto"), root)


def test_a_descriptor_set_gives_the_same_bytes(root: Path) -> None:
    from_proto = compiled(workload(proto="api/shop.proto"), root)
    found = read_descriptors(workload(proto="api/shop.proto"), root)
    assert found is not None
    (root / "shop.pb").write_bytes(found)
    assert compiled(workload(descriptors="shop.pb"), root) == from_proto


def test_other_protocols_need_none(root: Path) -> None:
    assert read_descriptors(Workload(operations=[]), root) is None


def test_a_message_that_does_not_match_is_named(root: Path) -> None:
    with pytest.raises(TailtuneError, match=r'operation "buy".*shop\.Shop/Buy.*field "item\.ix"'):
        compiled(workload(proto="api/shop.proto", body='{"item": {"ix": 7}}'), root)


@pytest.mark.parametrize(
    ("proto", "problem"),
    [
        ("api/none.proto", "cannot read .*none.proto"),
        ("", "needs its messages"),
        ("bad.proto", "is not UTF-8"),
        ("prose.proto", "prose.proto:1:1"),
    ],
)
def test_files_that_cannot_be_used_are_named(root: Path, proto: str, problem: str) -> None:
    (root / "bad.proto").write_bytes(b"\xff\xfe")
    (root / "prose.proto").write_text("prose")
    with pytest.raises(ConfigError, match=problem):
        read_descriptors(workload(proto=proto), root)


def test_a_missing_import_is_named(root: Path) -> None:
    (root / "common/money.proto").unlink()
    with pytest.raises(ConfigError, match=r"common/money\.proto"):
        read_descriptors(workload(proto="api/shop.proto"), root)

"""What a slice's collections say of allocation and collection."""

from tailtune.record.phases.heap_use import heap_use

MIB = 1 << 20


def collection(at: int, start: int, live: int) -> dict[str, int]:
    cpu = {"stw_sweep_cpu_ns": 1, "assist_cpu_ns": 10, "background_cpu_ns": 100, "stw_mark_cpu_ns": 1000}
    return {"t_ns": at, "heap_start_bytes": start * MIB, "heap_live_bytes": live * MIB, **cpu}


def test_the_heap_grew_from_what_was_left_alive_to_the_next_collection():
    row = {"started_ns": 100, "ended_ns": 200}
    collections = [collection(50, 4, 1), collection(120, 5, 2), collection(180, 6, 2), collection(250, 9, 3)]
    assert heap_use(row, collections) == {"gc_cpu_ns": 2 * 1111, "allocated_bytes": (4 + 4) * MIB}


def test_without_collections_nothing_is_known_to_be_allocated():
    row = {"started_ns": 100, "ended_ns": 200}
    assert heap_use(row, []) == {"gc_cpu_ns": 0, "allocated_bytes": 0}
    assert heap_use(row, None) == {"gc_cpu_ns": -1, "allocated_bytes": -1}

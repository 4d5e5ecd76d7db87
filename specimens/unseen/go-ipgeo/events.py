"""Write events.txt, the batches of events that the workload sends: one a line."""

import json
import random
from pathlib import Path

draw = random.Random(9)


def address() -> str:
    """Return an address at random."""
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def event(number: int) -> dict[str, object]:
    """Return an event with a number."""
    return {
        "id": number,
        "kind": draw.choice(["login", "view", "click", "purchase", "logout"]),
        "client": address(),
        "at": 1_700_000_000 + draw.randint(0, 86_400),
        "agent": draw.choice(["Firefox/141.0", "Chrome/139.0", "Safari/18.5"]),
        "proxy": {"address": address(), "hops": draw.randint(1, 4), "secure": draw.random() < 0.9},
    }


lines = []
for _ in range(120):
    batch = [event(draw.randint(1, 1_000_000)) for _ in range(draw.randint(6, 14))]
    lines.append(json.dumps(batch, separators=(",", ":")))
Path(__file__).with_name("events.txt").write_text("\n".join(lines) + "\n", "utf-8")

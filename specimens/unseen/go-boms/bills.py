"""Write bills.txt, the bills of materials that the workload sends: one a line, one in forty is large."""

import random
from pathlib import Path

draw = random.Random(20)


def bill(lines: int) -> str:
    """Return a bill with so many lines."""
    numbers = draw.sample(range(1, 1_000_000), lines)
    names = [f"P{number:06}" for number in numbers]
    rows = [f"{names[0]}::1:{draw.randint(50, 900)}"]
    for at in range(1, lines):
        # Parents are among the first half, so that a bill is broad and a few levels deep.
        parent = names[draw.randrange(max(1, min(at, lines // 2)))]
        rows.append(f"{names[at]}:{parent}:{draw.randint(1, 4)}:{draw.randint(5, 4000)}")
    head, rest = rows[0], rows[1:]
    draw.shuffle(rest)
    return ";".join([head, *rest])


sizes = [round(min(90, max(4, draw.lognormvariate(3, 0.7)))) for _ in range(195)] + [1600, 1700, 1800, 1900, 2000]
draw.shuffle(sizes)
Path(__file__).with_name("bills.txt").write_text("".join(f"{bill(size)}\n" for size in sizes), "utf-8")

"""Write manifests.txt, the lists of pallets that the workload sends: one a line, one in 25 is large."""

import random
from pathlib import Path

draw = random.Random(34)
KINDS = ["chilled", "dry", "frozen", "returns"]
LETTERS = "ABCDEFGHKLMNPRSTUVWXYZ"


def house_code() -> str:
    """Return a code of the house: eight characters."""
    return f"{draw.choice(LETTERS)}{draw.choice(LETTERS)}{draw.randrange(1_000_000):06}"


def carrier_codes(count: int) -> list[str]:
    """Return serial shipping container codes of one carrier, each with its check digit."""
    company = f"{draw.randint(0, 9)}{draw.randint(4_000_000, 4_399_999)}"
    codes = []
    for serial in draw.sample(range(10**9), count):
        digits = f"{company}{serial:09}"
        total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(digits))
        codes.append(f"{digits}{-total % 10}")
    return codes


def manifest(codes: list[str]) -> str:
    """Return a list of pallets with such codes, some of which are in it twice."""
    rows = [f"{code}:{draw.choice(KINDS)}:{draw.randint(80, 1200)}" for code in codes]
    for row in draw.sample(rows, max(1, len(rows) // 50)):
        rows.insert(draw.randrange(len(rows)), row)
    if draw.random() < 0.2:
        rows.append(f"{codes[0]}:{draw.choice(KINDS)}:{draw.randint(1201, 1300)}")
    return ";".join(rows)


small = [[house_code() for _ in range(round(min(80, max(4, draw.lognormvariate(3, 0.6)))))] for _ in range(192)]
large = [carrier_codes(count) for count in range(1900, 2300, 50)]
lists = [manifest(codes) for codes in small + large]
draw.shuffle(lists)
Path(__file__).with_name("manifests.txt").write_text("".join(f"{text}\n" for text in lists), "utf-8")

"""An access log of a small shop, made by a seed: with names of people, secrets in queries, and strays."""

import datetime
import random

PEOPLE = [f"{first}{last}" for first in ("alice", "bob", "carol", "dave") for last in ("smith", "jones", "weber", "li")]
TERMS = ["redshoes", "bluehat", "greenscarf"]
SECRETS = [*PEOPLE, *TERMS, "sessiontoken", "private-shop", "SecretAgent", "hunter"]
START = datetime.datetime(2025, 10, 10, 12, 0, 0)


def shop_log(minutes: int = 10, *, rate: int = 8, bursty: bool = False) -> str:
    """Return a log; from its second half on the rate is three times as high."""
    draw = random.Random(5)
    lines = []
    for second in range(minutes * 60):
        mean = rate * (3 if second >= minutes * 30 else 1)
        on = (second // 3) % 3 == 0
        count = mean * 3 * on if bursty else sum(draw.random() < 0.1 for _ in range(mean * 10))
        lines += [line(draw, START + datetime.timedelta(seconds=second)) for _ in range(count)]
    return "\n".join(lines) + "\n"


def line(draw: random.Random, at: datetime.datetime) -> str:
    method, path = request(draw)
    client = f"10.{draw.randint(0, 3)}.0.{draw.randint(1, 250)}"
    rest = f'200 {draw.randint(100, 9999)} "https://private-shop.example/x" "SecretAgent/1.0"'
    return f'{client} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "{method} {path} HTTP/1.1" {rest}'


def request(draw: random.Random) -> tuple[str, str]:
    choice = draw.random()
    if choice < 0.5:
        return "GET", f"/api/v1/products/{min(int(draw.paretovariate(1.0)), 10_000)}"
    if choice < 0.7:
        return "GET", f"/search?q={draw.choice(TERMS)}&page={draw.randint(1, 9)}&key=sessiontoken{draw.randint(1, 99)}"
    if choice < 0.85:
        return "GET", f"/users/{draw.choice(PEOPLE)}/orders"
    if choice < 0.985:
        return "POST", "/cart"
    return "GET", f"/{draw.choice(PEOPLE)}-hunter{draw.randint(1, 999)}/{draw.choice(TERMS)}.php"

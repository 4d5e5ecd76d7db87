"""Write words.txt, the dictionary, and texts.txt, the texts that the workload sends.

One a line; one in thirty-six has a word that is not in the dictionary.
"""

import random
from pathlib import Path

draw = random.Random(44)

ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
]
VOWELS = ["a", "e", "i", "o", "u", "ea", "oo", "ai"]
CODAS = ["", "", "", "n", "r", "l", "s", "nd", "st", "m", "ck"]
ENDINGS = ["", "", "", "er", "ing", "ed", "ly", "ness", "able", "ment"]


def word() -> str:
    """Return something that could be a word."""
    syllables = draw.choice([2, 2, 3, 3, 3, 4])
    parts = [draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS) for _ in range(syllables)]
    return "".join(parts) + draw.choice(ENDINGS)


def misspelt(right: str) -> str:
    """Return a word with one or two slips in it."""
    for _ in range(draw.choice([1, 1, 2])):
        at = draw.randrange(1, len(right))
        other = draw.choice("abcdefghijklmnopqrstuvwxyz")
        right = draw.choice(
            [right[:at] + right[at + 1 :], right[:at] + other + right[at + 1 :], right[:at] + other + right[at:]]
        )
    return right


words: dict[str, None] = {}
while len(words) < 27_000:
    made = word()
    if len(made) <= 15:
        words[made] = None
ranked = list(words)
Path(__file__).with_name("words.txt").write_text("".join(f"{made}\n" for made in ranked), "utf-8")

lines = []
for number in range(720):
    text = [
        ranked[min(int(draw.lognormvariate(6.5, 1.8)), draw.randrange(len(ranked)))]
        for _ in range(draw.randint(20, 90))
    ]
    if number % 36 == 0:
        at = draw.randrange(len(text))
        wrong = text[at]
        while wrong in words or len(wrong) != 10:
            wrong = misspelt(draw.choice(ranked[:8000]))
        text[at] = wrong
    lines.append(" ".join(text).capitalize() + ".")
draw.shuffle(lines)
Path(__file__).with_name("texts.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")

"""What is learned of a log: rates, bursts, popularity, mix; and that nothing of its data is left."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.imports import Silent
from tests.support.logs import SECRETS, shop_log

from tailtune.config.toml_text import workload_text
from tailtune.errors import UsageError
from tailtune.judge.fit import Learner
from tailtune.judge.fit_keys import MOST_KEYS, Keys, zipf_exponent
from tailtune.judge.fit_rates import RateBins, bursts, dispersion, levels
from tailtune.judge.fit_routes import Tree
from tailtune.lab.workload_fit import fit_workload
from tailtune.lab.workload_import import ImportChoices
from tailtune.model.generator import Generator
from tailtune.model.imports import FittedWorkload
from tailtune.model.profile import Shape


def fitted(text: str, folder: Path, format_name: str = "access-log") -> FittedWorkload:
    (folder / "log").write_text(text)
    return fit_workload(format_name, folder / "log", folder / "workload.toml", ImportChoices(force=True), 1, Silent())


@pytest.mark.parametrize("s", [0.0, 0.6, 1.0, 1.5])
def test_the_exponent_of_known_popularity_is_found(s):
    draw = np.random.default_rng(1)
    shares = np.arange(1, 1001.0) ** -s
    counts = np.sort(draw.multinomial(200_000, shares / shares.sum()))[::-1]
    assert zipf_exponent(counts[counts > 0].astype(float)) == pytest.approx(s, abs=0.06)


def test_the_exponent_survives_that_rare_keys_are_forgotten():
    draw = np.random.default_rng(1)
    keys = Keys()
    for rank in draw.zipf(1.3, 300_000):
        keys.add(str(rank))
    assert len(keys.counts) <= MOST_KEYS
    assert keys.exponent() == pytest.approx(1.3, abs=0.15)
    assert Keys().exponent() == 0


def test_levels_of_the_rate_are_found_and_noise_is_not_taken_for_one():
    draw = np.random.default_rng(2)
    counts = np.concatenate([draw.poisson(20, 300), draw.poisson(60, 200), draw.poisson(10, 300)]).astype(float)
    found = levels(counts)
    assert [one.first for one in found] == pytest.approx([0, 300, 500], abs=2)
    assert [one.mean for one in found] == pytest.approx([20, 60, 10], rel=0.05)
    assert dispersion(counts, found) == pytest.approx(1, abs=0.15)
    assert bursts(counts, found) is None
    assert len(levels(draw.poisson(20, 2000).astype(float))) == 1


def test_bursts_are_found_with_their_levels_and_lengths():
    draw = np.random.default_rng(3)
    means = np.tile([40.0] * 3 + [4.0] * 7, 100)
    counts = draw.poisson(means).astype(float)
    found = bursts(counts, levels(counts))
    assert found is not None
    assert found.on / found.off == pytest.approx(10, rel=0.15)
    assert (found.on_bins, found.off_bins) == pytest.approx((3, 7), rel=0.15)


def test_bins_double_when_a_log_is_long():
    bins = RateBins(1)
    for at_ns in range(0, 1_000_000, 5):
        bins.add(at_ns)
    assert bins.width_ns == 16
    assert bins.counts.mean() == pytest.approx(16 / 5, rel=0.01)


def test_words_stay_and_keys_go():
    tree = Tree()
    draw = random.Random(1)
    for number in range(4000):
        path = ("api", draw.choice(["orders", "carts"]), str(number), "items") if number % 4 else ("health",)
        tree.add("GET", list(path), number % 40)
    tree.settle()
    routes = {"/".join(one if isinstance(one, str) else "*" for one in segments) for _, segments, _ in tree.routes()}
    assert routes == {"api/orders/*/items", "api/carts/*/items", "health"}


def test_names_that_look_like_words_go_where_they_stand_for_things():
    tree = Tree()
    for number in range(4000):
        name = ("ann", "bob", "eve", "joe")[number % 4]
        tree.add("GET", ["users", name, "orders" if number % 3 else "profile"], number % 40)
        tree.add("GET", ["admins", "zed"], 1)  # of one client only
    tree.settle()
    text = str([one for _, segments, _ in tree.routes() for one in segments if isinstance(one, str)])
    assert not re.search("ann|bob|eve|joe|zed", text)


def test_a_log_is_learned(tmp_path):
    result = fitted(shop_log(), tmp_path)
    workload = result.workload
    assert [stage.shape for stage in workload.profile] == [Shape.HOLD, Shape.HOLD]
    assert [stage.rate for stage in workload.profile] == pytest.approx([8, 24], rel=0.1)
    assert result.dispersion == pytest.approx(0.9, abs=0.2)
    by_name = {one.name: one for one in workload.operations}
    assert by_name["GET /api/v1/products/{key}"].weight == pytest.approx(50, abs=3)
    assert by_name["GET /search"].path == "/search?q={p_q}&page={p_page}&key={p_key}"
    assert by_name["POST /cart"].weight == pytest.approx(13.5, abs=2)
    products = by_name["GET /api/v1/products/{key}"].data["key1"]
    assert isinstance(products, Generator)
    assert products.zipf is not None
    assert 1.2 < products.zipf < 2.2
    assert "POST /cart" in " ".join(result.warnings)


def test_a_bursty_log_bursts(tmp_path):
    result = fitted(shop_log(bursty=True), tmp_path)
    assert result.dispersion > 5
    assert {stage.shape for stage in result.workload.profile} == {Shape.BURST}
    assert result.workload.mean_rate_per_s == pytest.approx(16, rel=0.2)


def test_no_token_of_the_log_is_left(tmp_path):
    log = shop_log()
    result = fitted(log, tmp_path)
    text = (tmp_path / "workload.toml").read_text()
    assert not [secret for secret in SECRETS if secret in text]
    frequent = {"api", "v1", "products", "search", "q", "page", "key", "users", "orders", "cart", "GET", "POST"}
    tokens = set(re.findall(r"[A-Za-z0-9_]{2,}", " ".join(re.findall(r'"[A-Z]+ ([^"]*) HTTP|"([^"]*)"', log)[0])))
    paths = set(re.findall(r"[A-Za-z]{2,}", " ".join(re.findall(r'"[A-Z]+ (\S+) HTTP', log))))
    written = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"(?m)^#.*$", "", text)))
    ours = {"rate", "duration", "profile", "shape", "hold", "operations", "name", "path", "data", "expected", "status"}
    ours |= {"weight", "method", "zipf", "uniform", "uuid", "true", "xx", "other"}
    assert (written & (tokens | paths)) - ours <= frequent
    assert "10.0." not in text
    assert str(tmp_path) not in text
    assert "log" not in {Path(one).stem for one in result.files}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("abcdefgh0123456789-._~%@", min_size=5, max_size=12), min_size=1, max_size=30, unique=True))
def test_rare_segments_and_values_never_remain(secrets):
    learner = Learner(1_000_000_000)
    for number in range(2000):
        rare = secrets[number % len(secrets)] if number % 250 == 0 else ""
        path = f"/zz{rare}zz/{rare}?{rare}={rare}" if rare else f"/items/{number}"
        learner.add(number * 10**7, "GET", path, status=200, client=str(number % 50))
    text = workload_text(learner.learned(1).workload)
    assert not [secret for secret in secrets if f"zz{secret}zz" in text]


def test_bodies_are_made_anew_in_their_sizes(tmp_path):
    learner = Learner(1_000_000_000)
    draw = random.Random(1)
    for number in range(500):
        size = int(draw.lognormvariate(6, 0.5))
        learner.add(number * 10**7, "POST", "/things", body_bytes=size, content_type="application/json; charset=utf-8")
    [operation] = learner.learned(1).workload.operations
    assert operation.headers == {"Content-Type": "application/json"}
    body = operation.data["body"]
    assert isinstance(body, Generator)
    assert "lognormal" in workload_text(learner.learned(1).workload)


def test_what_cannot_be_learned_is_told(tmp_path):
    with pytest.raises(UsageError, match="empty"):
        fitted("", tmp_path)
    lines = shop_log(2).splitlines()
    jumbled = "\n".join([*lines[600:], *lines[:600]])
    with pytest.raises(UsageError, match="goes backwards"):
        fitted(jumbled, tmp_path)

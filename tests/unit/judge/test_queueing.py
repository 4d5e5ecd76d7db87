"""Queueing theory against simulation, and against other forms of the same formulas."""

from decimal import Decimal, localcontext
from math import floor

import numpy as np
import pytest

from tailtune.judge.queueing import (
    DeterministicQueue,
    HyperexponentialQueue,
    MarkovQueue,
    Queue,
    mean_sojourn,
    mean_wait,
    replay,
    sojourn_quantile,
    utilization,
)

SERVICE = 2e6
REQUESTS = 400_000


def queues() -> list[Queue]:
    return [
        kind
        for load in (0.3, 0.6, 0.8)
        for kind in (
            DeterministicQueue(load / SERVICE, SERVICE),
            MarkovQueue(load / SERVICE, SERVICE),
            HyperexponentialQueue(load / SERVICE, SERVICE, 3.0),
        )
    ]


def name(queue: Queue) -> str:
    return f"{type(queue).__name__}-{utilization(queue):.1f}"


@pytest.mark.parametrize("queue", queues(), ids=name)
def test_theory_agrees_with_a_long_simulation(queue: Queue) -> None:
    random = np.random.default_rng(5)
    arrivals = np.cumsum(random.exponential(1 / queue.rate, REQUESTS))
    services = queue.draw_services(random, REQUESTS)
    seen = replay(arrivals, services)
    assert seen.mean() == pytest.approx(mean_sojourn(queue), rel=0.03)
    for q in (0.5, 0.9, 0.99):
        assert np.quantile(seen, q) == pytest.approx(sojourn_quantile(queue, q), rel=0.04), q
    waits = seen - services
    for time in (0.0, SERVICE / 2, SERVICE, 3 * SERVICE):
        assert (waits <= time + 1e-3).mean() == pytest.approx(queue.wait_cdf(time), abs=0.006), time


@pytest.mark.parametrize("queue", queues(), ids=name)
def test_the_mean_is_the_integral_of_the_tail(queue: Queue) -> None:
    times = np.linspace(0, 60 * SERVICE, 1_801)
    wait = np.trapezoid([1 - queue.wait_cdf(time) for time in times], times)
    sojourn = np.trapezoid([1 - queue.sojourn_cdf(time) for time in times], times)
    assert wait == pytest.approx(mean_wait(queue), rel=0.01)
    assert sojourn == pytest.approx(mean_sojourn(queue), rel=0.01)


def crommelin(load: float, waited: float) -> float:
    """The alternating series, in as many digits as it needs; `waited` in services."""
    with localcontext() as context:
        context.prec = 120
        rho, time = Decimal(load), Decimal(waited)
        total, factorial = Decimal(0), Decimal(1)
        for k in range(floor(waited) + 1):
            factorial *= max(k, 1)
            x = rho * (k - time)
            power = Decimal(1) if k == 0 else x**k
            total += power / factorial * (-x).exp()
        return float((1 - rho) * total)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.8, 0.95])
def test_the_waiting_time_with_constant_service_is_crommelins(load: float) -> None:
    queue = DeterministicQueue(load, 1.0)
    for waited in (0.0, 0.25, 0.999, 1.0, 2.5, 7.75, 20.1, 60.0):
        assert queue.wait_cdf(waited) == pytest.approx(crommelin(load, waited), abs=1e-12)


def test_a_hyperexponential_that_hardly_varies_is_an_exponential() -> None:
    near, exact = HyperexponentialQueue(0.6, 1.0, 1.0 + 1e-9), MarkovQueue(0.6, 1.0)
    for time in (0.1, 1.0, 5.0):
        assert near.sojourn_cdf(time) == pytest.approx(exact.sojourn_cdf(time), abs=1e-4)
        assert near.wait_cdf(time) == pytest.approx(exact.wait_cdf(time), abs=1e-4)


def test_known_values() -> None:
    assert mean_wait(DeterministicQueue(0.5, 1.0)) == pytest.approx(0.5)
    assert mean_wait(MarkovQueue(0.5, 1.0)) == pytest.approx(1.0)
    assert mean_wait(HyperexponentialQueue(0.5, 1.0, 3.0)) == pytest.approx(2.0)
    assert sojourn_quantile(MarkovQueue(0.5, 1.0), 0.5) == pytest.approx(2 * np.log(2))
    assert sojourn_quantile(DeterministicQueue(0.3, 1.0), 0.5) == pytest.approx(1.0)  # seven in ten do not wait


def test_a_quantile_outside_the_open_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        sojourn_quantile(MarkovQueue(0.5, 1.0), 1.0)


def test_replaying_by_hand() -> None:
    assert replay([0, 1, 10], [4, 4, 4]).tolist() == [4, 7, 4]
    assert replay([0, 7, 8], [5, 5, 5]).tolist() == [5, 5, 9]

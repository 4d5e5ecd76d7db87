"""What theory says of a single server with a queue under Poisson arrivals: M/D/1, M/M/1 and M/H2/1.

Times are in ns, rates per ns. The wait runs from arrival to the begin of service, the sojourn to its end. Everything
here is checked against simulation in its tests.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]

_CONVERGED: Final = 1e-12
"""Of a quantile's bracket, relative."""


class Queue(Protocol):
    """One single-server queue with Poisson arrivals, in its steady state."""

    @property
    def rate(self) -> float:
        """Arrivals per ns."""

    @property
    def mean_service(self) -> float:
        """Mean service time, ns."""

    @property
    def service_scv(self) -> float:
        """Variance of the service time over the square of its mean."""

    def wait_cdf(self, time: float) -> float:
        """Return the probability that a request waits at most `time` ns, `time` >= 0."""

    def sojourn_cdf(self, time: float) -> float:
        """Return the probability that a request stays at most `time` ns, `time` >= 0."""

    def draw_services(self, random: np.random.Generator, count: int, /) -> Times:
        """Draw service times, ns."""


def utilization(queue: Queue) -> float:
    """Return the share of time in which the server is busy; below 1, or there is no steady state."""
    return queue.rate * queue.mean_service


def mean_wait(queue: Queue) -> float:
    """Return the mean wait, ns: the formula of Pollaczek (1930) and Khinchine (1932) for M/G/1.

    E[W] = λ E[S²] / (2 (1 - ρ)), with E[S²] = E[S]² (1 + scv).
    """
    second_moment = queue.mean_service**2 * (1 + queue.service_scv)
    return queue.rate * second_moment / (2 * (1 - utilization(queue)))


def mean_sojourn(queue: Queue) -> float:
    """Return the mean time from arrival to the end of service, ns."""
    return mean_wait(queue) + queue.mean_service


def sojourn_quantile(queue: Queue, q: float) -> float:
    """Return the time, ns, that the share `q` of the requests does not exceed; by bisection.

    Raises:
        ValueError: if `q` is outside (0, 1).
    """
    if not 0 < q < 1:
        raise ValueError(f"quantile {q} is outside (0, 1)")
    low, high = 0.0, queue.mean_service
    while queue.sojourn_cdf(high) < q:
        low, high = high, 2 * high
    while high - low > _CONVERGED * high:
        middle = (low + high) / 2
        low, high = (middle, high) if queue.sojourn_cdf(middle) < q else (low, middle)
    return high


@dataclass(frozen=True)
class DeterministicQueue:
    """M/D/1: every service takes the same time."""

    rate: float
    mean_service: float
    service_scv: float = 0.0

    def wait_cdf(self, time: float) -> float:
        """Erlang's (1909) and Crommelin's (1932) distribution, in the form of Franx (2001).

        P(W <= t) = exp(-u) Σ_{j<k} P(L <= k-j) u^j / j!, with (k-1) D <= t < k D, u = λ (k D - t) and L the number
        of requests in the system. Unlike Crommelin's alternating series all terms are positive, so nothing cancels.
        G. J. Franx: A simple solution for the M/D/c waiting time distribution. Oper. Res. Lett. 29 (2001) 221-229.
        """
        step = math.floor(time / self.mean_service) + 1
        u = self.rate * (step * self.mean_service - time)
        at_most = np.cumsum(self._in_system(step + 1))
        terms = (at_most[step - j] * math.exp(j * math.log(u) - math.lgamma(j + 1)) for j in range(step) if u > 0)
        return min(1.0, math.exp(-u) * sum(terms)) if u > 0 else float(at_most[step])

    def sojourn_cdf(self, time: float) -> float:
        """Return the probability of a sojourn of at most `time`: the wait, and then always the same service."""
        return self.wait_cdf(time - self.mean_service) if time >= self.mean_service else 0.0

    def draw_services(self, _: np.random.Generator, count: int, /) -> Times:
        """Return `count` times the service time."""
        return np.full(count, self.mean_service)

    def _in_system(self, count: int) -> Times:
        """Return P(L = n) for n below `count`, by level crossing: positive terms only.

        p(n+1) P(A = 0) = p(0) P(A > n) + Σ_{1<=j<=n} p(j) P(A > n-j+1), A the arrivals during one service.
        """
        load = self.rate * self.mean_service
        more = _poisson_tail(load, count + 1)
        found = np.zeros(count)
        found[0] = 1 - load
        for n in range(count - 1):
            upward = found[0] * more[n] + float(found[1 : n + 1] @ more[n:0:-1])
            found[n + 1] = upward * math.exp(load)
        return found


def _poisson_tail(mean: float, count: int) -> Times:
    """Return P(A > n) for n below `count`, A Poisson, summed from the small end."""
    far = count + 60
    terms = [math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(far)]
    tail = np.cumsum(terms[::-1])[::-1]
    return np.array(tail[1 : count + 1])


@dataclass(frozen=True)
class MarkovQueue:
    """M/M/1: exponential service times."""

    rate: float
    mean_service: float
    service_scv: float = 1.0

    @property
    def _decay(self) -> float:
        return 1 / self.mean_service - self.rate

    def wait_cdf(self, time: float) -> float:
        """1 - ρ exp(-(μ-λ) t). Kleinrock: Queueing Systems I (1975), section 5.12."""
        return 1 - self.rate * self.mean_service * math.exp(-self._decay * time)

    def sojourn_cdf(self, time: float) -> float:
        """1 - exp(-(μ-λ) t): exponential. The same place."""
        return -math.expm1(-self._decay * time)

    def draw_services(self, random: np.random.Generator, count: int, /) -> Times:
        """Draw exponential times."""
        return random.exponential(self.mean_service, count)


@dataclass(frozen=True)
class HyperexponentialQueue:
    """M/H2/1: each service is one of two exponentials that contribute alike to the mean (balanced means).

    The transform of the sojourn in M/G/1 is (1-ρ) s B(s) / (s - λ + λ B(s)) (Kleinrock, equation 5.100). For H2, with
    B(s) = Σ p μ / (s+μ), it is a fraction with a square below, so that sojourn and wait are exact mixtures of two
    exponentials, which its roots give.
    """

    rate: float
    mean_service: float
    service_scv: float

    @property
    def quick_share(self) -> float:
        """Probability of the shorter exponential."""
        return (1 + math.sqrt((self.service_scv - 1) / (self.service_scv + 1))) / 2

    @cached_property
    def _rates(self) -> tuple[float, float]:
        quick = self.quick_share
        return 2 * quick / self.mean_service, 2 * (1 - quick) / self.mean_service

    @cached_property
    def _decays(self) -> tuple[float, float]:
        """Minus the roots of s² + (μ1+μ2-λ) s + μ1 μ2 - λ (p2 μ1 + p1 μ2)."""
        (first, second), p = self._rates, self.quick_share
        half = (first + second - self.rate) / 2
        rest = first * second - self.rate * ((1 - p) * first + p * second)
        root = math.sqrt(half * half - rest)
        return half + root, rest / (half + root)

    def wait_cdf(self, time: float) -> float:
        """Return the probability of a wait of at most `time`; the transform has (s+μ1)(s+μ2) above."""
        first, second = self._rates
        return 1 - self._tail(time, lambda s: (s + first) * (s + second))

    def sojourn_cdf(self, time: float) -> float:
        """Return the probability of a sojourn of at most `time`; the transform has Σ p μ (s + other μ) above."""
        (first, second), p = self._rates, self.quick_share
        return 1 - self._tail(time, lambda s: p * first * (s + second) + (1 - p) * second * (s + first))

    def draw_services(self, random: np.random.Generator, count: int, /) -> Times:
        """Draw from the mixture."""
        first, second = self._rates
        means = np.where(random.random(count) < self.quick_share, 1 / first, 1 / second)
        return random.exponential(1.0, count) * means

    def _tail(self, time: float, above: "_Polynomial") -> float:
        fast, slow = self._decays
        idle = 1 - self.rate * self.mean_service
        weights = above(-fast) / (slow - fast) / fast, above(-slow) / (fast - slow) / slow
        return idle * (weights[0] * math.exp(-fast * time) + weights[1] * math.exp(-slow * time))


class _Polynomial(Protocol):
    def __call__(self, s: float, /) -> float: ...


def replay(arrivals: npt.ArrayLike, services: npt.ArrayLike) -> Times:
    """Return the sojourn of each request at a single server that serves in order, ns.

    Lindley's recursion (1952): a service begins at the arrival or at the end of the one before, whichever is later.

    Args:
        arrivals: Times of arrival, ns, not falling.
        services: The service time of each, ns.
    """
    arrived, lengths = np.asarray(arrivals, dtype=np.float64), np.asarray(services, dtype=np.float64)
    worked = np.cumsum(lengths)
    ends = worked + np.maximum.accumulate(arrived - (worked - lengths))
    return np.asarray(ends - arrived, dtype=np.float64)

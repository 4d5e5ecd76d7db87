"""Distributions of numbers and of times as the schedule's compiler takes them."""

from typing import Any

from tailtune.errors import ConfigError
from tailtune.model.generator import Number, Pause
from tailtune.model.units import Duration


def number(given: float | Number) -> dict[str, Any]:
    """Return a distribution of numbers.

    Raises:
        ConfigError: if it names no distribution.
    """
    if not isinstance(given, Number):
        return {"dist": "constant", "value": float(given)}
    return _distribution(given) | {
        key: float(limit) for key, limit in (("min", given.min), ("max", given.max)) if limit is not None
    }


def _distribution(given: Number) -> dict[str, Any]:
    if given.constant is not None:
        return {"dist": "constant", "value": float(given.constant)}
    if given.uniform is not None:
        return {"dist": "uniform", "low": float(given.uniform[0]), "high": float(given.uniform[1])}
    if given.normal is not None:
        return {"dist": "normal", "mean": given.normal.mean, "sd": given.normal.sd}
    if given.lognormal is not None:
        return {"dist": "lognormal", "median": given.lognormal.median, "sigma": given.lognormal.sigma}
    if given.exponential is not None:
        return {"dist": "exponential", "mean": float(given.exponential)}
    if given.pareto is not None:
        return {"dist": "pareto", "scale": given.pareto.scale, "shape": given.pareto.shape}
    raise ConfigError("a generator names no distribution", hint="Give one, such as { uniform = [1, 100] }.")


def seconds(given: str | Pause) -> dict[str, Any]:
    """Return a distribution of times, in seconds.

    Raises:
        ConfigError: if it is neither a duration nor names a distribution.
    """
    if isinstance(given, str):
        try:
            return {"dist": "constant", "value": Duration.parse(given).seconds}
        except ValueError as error:
            raise ConfigError(f"sessions.think: {error}", hint='Write it with its unit, such as "2s".') from None
    limits = {key: limit.seconds for key, limit in (("min", given.min), ("max", given.max)) if limit is not None}
    return _pause(given) | limits


def _pause(given: Pause) -> dict[str, Any]:
    if given.constant is not None:
        return {"dist": "constant", "value": given.constant.seconds}
    if given.uniform is not None:
        return {"dist": "uniform", "low": given.uniform[0].seconds, "high": given.uniform[1].seconds}
    if given.exponential is not None:
        return {"dist": "exponential", "mean": given.exponential.seconds}
    if given.lognormal is not None:
        return {"dist": "lognormal", "median": given.lognormal.median.seconds, "sigma": given.lognormal.sigma}
    raise ConfigError("sessions.think names no distribution", hint='Give one, such as { exponential = "2s" }.')

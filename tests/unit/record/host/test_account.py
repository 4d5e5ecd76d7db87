"""What the machine took from the engine: never negative, and counted anew with each lap."""

from tailtune.record.host.account import EngineHost


def test_an_account_is_of_the_time_since_it_was_begun() -> None:
    host = EngineHost([0])
    for account in (host.account(), host.lap(), host.account()):
        assert 0 <= account.steal_share <= 1
        assert account.throttled_ns >= 0
        assert account.throttled_periods >= 0

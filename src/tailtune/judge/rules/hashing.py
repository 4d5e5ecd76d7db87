"""Rust's default hasher, which resists chosen keys at the price of speed."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner
from tailtune.judge.stackprofile import FEWEST_SAMPLES
from tailtune.model.finding import Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.02
_SIP: Final = re.compile(
    r".*\b(core::hash::sip|std::hash::random|std::collections::hash_map::(DefaultHasher|RandomState))"
)
_ANY_HASH: Final = re.compile(r".*core::hash::BuildHasher(>|::)|core::hash::impls::|.*as core::hash::Hash>::hash")
_OTHERS: Final = re.compile(r".*\b(rustc_hash|fxhash|ahash|foldhash|wyhash|xxhash_rust|nohash)")


class Hashing:
    """SipHash on sampled stacks."""

    id = "hashing"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where SipHash costs something."""
        profile = facts.cpu
        if profile is None:
            return []
        sip = profile.containing(_SIP)
        if not sip:
            return []
        generic = profile.containing(_ANY_HASH)
        others = profile.containing(_OTHERS)
        stacks = sip | (generic - others)
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        users = profile.owners(stacks, owner)
        where = f" in {listed(users)}" if users else ""
        found = finding(
            facts,
            self.id,
            "siphash",
            f"hashing keys with Rust's default SipHash takes {format_share(share.point)} of CPU time{where}",
            group=Group.DATA_LAYOUT,
            share=share,
            evidence=[sampled(profile, stacks, "computing hashes")],
            disproof="CPU per request does not fall when the maps get another hasher",
            proposal="Give HashMap and HashSet whose keys come from your own data a fast hasher (rustc-hash, foldhash, "
            "ahash), or key them by integers. Keep SipHash where clients choose the keys.",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


RULE = Hashing()

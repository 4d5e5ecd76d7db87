"""Objects that do not depend on the request, built again for each one."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.hot_lines import line_evidence, passing_lines
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.02

_CONSTRUCTORS: Final = {
    "a compiled regular expression": re.compile(
        r"regexp\.(MustCompile|Compile|MustCompilePOSIX|CompilePOSIX|compile)\b|"
        r"<?(regex|fancy_regex)::.*(Regex|RegexBuilder|RegexSet|RegexSetBuilder).*::(new|build)\b|"
        r"regex::builders::|regex_automata::.*Builder>?::build|regex_syntax::parser"
    ),
    "a parsed template": re.compile(
        r"(text|html)/template\.(\(\*Template\)\.(Parse|ParseFiles|ParseGlob|ParseFS)|ParseFiles|ParseGlob|ParseFS)\b|"
        r"html/template\.(escapeTemplate|\(\*escaper\)\.\w+)$|"  # at the first execution of each
        r"<?handlebars::registry::Registry.*::register_template|<?tera::tera::Tera>?::(new|add_raw_template|parse)|"
        r"<?minijinja::environment::Environment.*::(add_template|template_from_str)"
    ),
    "a Markdown engine": re.compile(r"github\.com/(yuin/goldmark|russross/blackfriday/v2|gomarkdown/markdown)\.New\b"),
    "a compiled JSON schema": re.compile(
        r"github\.com/(santhosh-tekuri/jsonschema.*\.\(\*Compiler\)\.Compile|xeipuu/gojsonschema\.NewSchema)|"
        r"<?jsonschema::(.*::)?(compile|build|validator_for)\b"
    ),
    "a matcher of many patterns": re.compile(
        r"<?aho_corasick::.*Builder>?::build|<?globset::GlobSetBuilder>?::build|"
        r"github\.com/(cloudflare/ahocorasick|gobwas/glob)\.(NewMatcher|NewStringMatcher|Compile)\b"
    ),
    "an HTTP client": re.compile(r"<?reqwest::.*ClientBuilder>?::build|net/http\.\(\*Transport\)\.Clone\b"),
    "a TLS configuration": re.compile(
        r"crypto/x509\.(SystemCertPool|\(\*CertPool\)\.AppendCertsFromPEM)\b|"
        r"rustls::.*ConfigBuilder.*::with_|rustls_native_certs::load_native_certs"
    ),
    "a time zone": re.compile(r"time\.LoadLocation\b"),
}


_PARSERS: Final = re.compile(
    r"(<&mut )?(serde_json|serde_yaml\w*|toml(_edit)?|quick_xml|simd_json)::(de|read|parser|reader|from_\w+|tape)\b|"
    r"encoding/(json|xml)\.(Unmarshal|\(\*(Decoder|decodeState)\)\.\w+)|gopkg\.in/yaml\.v\d\.(Unmarshal|unmarshal)"
)
_DOCUMENT: Final = "a parsed document"
_NS_PER_BYTE: Final = 200.0
"""CPU time that parsing takes for each byte that requests bring, from which it cannot be that. Parsers of JSON that
allocate take some 3 to 30 ns."""
_ASKS: Final = 0.02
"""Share of a request in which it waits for another service, whose answer may be what is parsed."""


class Recomputation:
    """Constructors known to be expensive, on stacks sampled in requests; parsers of what none brings."""

    id = "recomputation"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return one cause for all such constructors together: they have one remedy."""
        profile = facts.cpu
        if profile is None:
            return []
        found_in = {what: profile.containing(pattern) for what, pattern in _CONSTRUCTORS.items()}
        documents = profile.containing(_PARSERS)
        if _is_brought_by_none(facts, profile, documents):
            found_in[_DOCUMENT] = documents
        built = {what: stacks for what, stacks in found_in.items() if profile.count(stacks) >= FEWEST_SAMPLES}
        everything = frozenset[int]().union(*built.values())
        share = profile.share(everything)
        if not built or share.point < _WORTH_A_FINDING:
            return []
        ranked = sorted(built, key=lambda what: -profile.count(built[what]))
        callers = profile.owners(everything, _caller)
        where = f", in {listed(callers)}" if callers else ""
        found = finding(
            facts,
            self.id,
            ranked[0].split(" ", 1)[1].replace(" ", "-"),
            f"{' and '.join(ranked)} is built again for each request: {format_share(share.point)} of CPU time{where}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[
                *(sampled(profile, built[what], f"building {what}") for what in ranked),
                *(_called_at(profile, everything, callers[0][0]) if callers else []),
            ],
            disproof="the construction depends on the request's content, so that it cannot be shared",
            proposal="Build it once at start-up (a package variable, sync.Once, LazyLock), or keep built ones in a "
            "small cache keyed by their input.",
        )
        return [Cause(found, facts.saving(share.point), explains=everything)]


def _is_brought_by_none(facts: Facts, profile: StackProfile, parsing: Stacks) -> bool:
    """Whether so much is parsed that requests cannot bring it, nor services that are asked for them."""
    cpu, sized = facts.measure.cpu, facts.sized
    if cpu is None or sized is None or not len(sized.size_bytes):
        return False
    parsing_ns = profile.share(parsing).point * cpu.per_request_ns.point
    if parsing_ns < _NS_PER_BYTE * float(sized.size_bytes.mean()):
        return False
    parts = [part for band in (facts.bands.bands if facts.bands else []) for part in band.parts]
    return not any(part.part.endswith(Blocked.NETWORK) and part.share.point >= _ASKS and part.places for part in parts)


def _called_at(profile: StackProfile, stacks: Stacks, caller: str) -> list[Evidence]:
    """The lines of the function that builds most, at which it does."""
    calling = frozenset(stack for stack in stacks if _caller(profile.names(stack)) == caller)
    return line_evidence(profile, passing_lines(profile, calling, caller), f"{short(caller)} builds it,")


def _caller(functions: list[str]) -> str | None:
    """The innermost code outside of the outermost constructor."""
    patterns = (*_CONSTRUCTORS.values(), _PARSERS)
    inside = [index for index, name in enumerate(functions) if any(pattern.match(name) for pattern in patterns)]
    return owner(functions[max(inside) + 1 :]) if inside else None


RULE = Recomputation()

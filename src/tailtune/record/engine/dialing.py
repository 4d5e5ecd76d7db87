"""Why a service does not answer: one connection, opened after a load that nobody answered."""

import socket
import ssl
from typing import Final

from tailtune.model.endpoint import Endpoint
from tailtune.model.workload import Protocol, Tls

_SECONDS: Final = 2.0
_BY_ALPN: Final = {Protocol.HTTP1: "http/1.1", Protocol.HTTP2: "h2", Protocol.GRPC: "h2"}


def why_silent(endpoint: Endpoint, protocol: Protocol) -> tuple[str, str]:
    """Return what keeps requests from being answered, and what helps; at most for a few seconds.

    Nothing is sent but what opens the connection, so a service that accepts it but does not answer is only
    known to be there.
    """
    try:
        with _connected(endpoint) as plain:
            return _beyond_tcp(plain, endpoint.tls, protocol)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"it cannot be connected to: {reason}", "is the service listening there?"


def _connected(endpoint: Endpoint) -> socket.socket:
    if not endpoint.unix:
        return socket.create_connection((endpoint.host, endpoint.port), timeout=_SECONDS)
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        plain.settimeout(_SECONDS)
        plain.connect(endpoint.unix)
    except OSError:
        plain.close()
        raise
    return plain


def _beyond_tcp(plain: socket.socket, tls: Tls | None, protocol: Protocol) -> tuple[str, str]:
    """Say what is wrong although something listens."""
    spoken = f"does what listens there speak {protocol} {'over' if tls else 'without'} TLS?"
    if tls is None:
        return "it accepts connections and does not answer", spoken
    try:
        with _context(tls, protocol).wrap_socket(plain, server_hostname=tls.server_name) as encrypted:
            wanted, chosen = _BY_ALPN.get(protocol), encrypted.selected_alpn_protocol()
    except ssl.SSLCertVerificationError as error:
        helps = "--ca FILE trusts the authority of a certificate, --insecure accepts any"
        return f"its certificate is refused: {error.verify_message}", helps
    except (OSError, ValueError) as error:
        return f"the TLS handshake fails: {getattr(error, 'reason', None) or error}", spoken
    if wanted is not None and chosen not in (None, wanted):
        return f"it speaks {chosen} over TLS, not {wanted}", "add or leave out --http2"
    return "it accepts TLS connections and does not answer", spoken


def _context(tls: Tls, protocol: Protocol) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file or None)
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if protocol in _BY_ALPN:
        context.set_alpn_protocols([_BY_ALPN[protocol]])
    return context

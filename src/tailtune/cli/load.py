"""`tailtune load`."""

from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.exits import exit_of_load
from tailtune.cli.options import AS_TEXT, Output
from tailtune.cli.progress import showing
from tailtune.cli.sending import AS_IT_IS, Sending
from tailtune.cli.terminal import emit


def load(
    url: str,
    /,
    *,
    sending: Sending = AS_IT_IS,
    save: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Output = AS_TEXT,
) -> int:
    """Send open-loop load to a running service and print latency from the intended start.

    Usable in place of wrk2 or oha. The schedule is fixed by its seed before anything is sent; how well it was
    kept is printed with the result. Exits 103 if it was not kept, 4 if no request was answered.

    Parameters
    ----------
    url
        Where: http://, https:// or h2c://host[:port]/path; http+unix://%2Fpath%2Fof%2Fsocket/path; grpc:// or
        grpcs://host:port; redis:// or rediss://host[:port]; tcp:// or tls://host:port.
    save
        Keep a recording under `.tailtune/`.
    """
    from tailtune.lab.load import load as send
    from tailtune.show.text.load import load_result

    with showing(output) as progress:
        result = send(url, sending.wanted(), save=save, progress=progress)
    emit(result, load_result, output)
    return exit_of_load(result.report)

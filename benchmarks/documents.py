"""`documents`: hostile documents of up to 64 KiB, as the endpoint reads them: parsed, measured, refused.

No database takes part. The twin reads a document as a client would send it, a page of a hundred with ten fields, and
is accepted; each hostile one must be refused, and how long the slowest of them takes is the figure.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.ground import Ground, policy
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from resolvers.api import Api
from resolvers.documents import MAX_BYTES, Documents, Rejected

WITHIN: Final = 0.1
ORDINARY: Final = (
    "query($n:Int!){customers(first:$n){edges{cursor node{id email name phone projects{id address offerAmountNok"
    " details roof{azimuthDeg tiltDeg areaDm2 heightCm}}}}pageInfo{endCursor}}}"
)
HOSTILE: Final = {
    "10,000 aliases": "{" + " ".join(f"a{i}:me{{id}}" for i in range(10_000)) + "}",
    "800 aliases": "{" + " ".join(f"a{i}:me{{id}}" for i in range(800)) + "}",
    "one field 1,200 times": "{" + "me{id}" * 1_200 + "}",
    "nested 2,400 deep": "{" + "me{" * 2_400 + "id" + "}" * 2_400 + "}",
    "fragments that double": "{me{...F0}}"
    + "".join(f"fragment F{i} on Customer{{...F{i + 1} ...F{i + 1}}}" for i in range(15))
    + "fragment F15 on Customer{id}",
    "700 fragments": "{me{id}}" + " ".join(f"fragment F{i} on Customer{{id}}" for i in range(700)),
    "1,200 variables": "query(" + " ".join(f"$v{i}:Int" for i in range(1_200)) + "){me{id}}",
    "a list of 4,900": "{customer(id:[" + "1 " * 4_900 + "]){id}}",
    "700 operations": " ".join(f"query Q{i}{{me{{id}}}}" for i in range(700)),
    "240 unknown types": "{me{" + " ".join(f"...on X{i}{{id}}" for i in range(240)) + "}}",
    "a name of 65,000": "{" + "a" * 65_000 + "}",
}


def _read(api: Api, text: str) -> tuple[float, bool]:
    """CPU seconds of one reading by a process that has never seen the document, and whether it was refused."""
    documents = Documents(api.schema)
    began = time.thread_time()
    try:
        documents.read(text[:MAX_BYTES])
    except Rejected:
        return time.thread_time() - began, True
    return time.thread_time() - began, False


async def run(ground: Ground, results: Results) -> None:
    """Read each of them in turns, check that the hostile ones and only they are refused, add one figure."""
    api = Api(policy())
    times: dict[str, list[float]] = {name: [] for name in ("", *HOSTILE)}
    for _ in range(ground.sizes.runs):
        for name, text in {"": ORDINARY, **HOSTILE}.items():
            taken, refused = _read(api, text)
            times[name].append(taken)
            results.check(refused is bool(name), f"documents: {name or 'the ordinary one'} was answered otherwise")
    slowest = max(HOSTILE, key=lambda name: median(times[name]))
    results.figures.append(
        Figure(
            work=f"slowest hostile document: {slowest}", ours=median(times[slowest]), other="a page of 100, accepted",
            theirs=median(times[""]), against=Against.OURSELVES, within=WITHIN,
        )
    )  # fmt: skip

"""HTTP: a person's packages. `POST /rights/access.json`, `access.pdf`, `copy.json` or `copy.csv`, with its token.

Nothing is asked in the body and nothing of a person is in the address; `Accept-Language` chooses Norwegian (also where
it says nothing) or English. The bytes leave as they are made: a package that breaks off ends without its last chunk,
and a JSON document then does not parse.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from identity.bearer import bearer
from policies.oslo import oslo_date
from resolvers.endpoint import STATUS
from resolvers.house import House
from resolvers.translation import NOBODY, Declined, translate
from resolvers.translation import shown as worded
from rights.doors import Desk
from rights.exporting import FORMS, export
from rights.package.parts import Language, What, file_of
from schema.errors import Code

PATH: Final = "/rights/{what:str}.{form:str}"
REFUSED: Final = {Code.REFUSED: 403, Code.NOT_FOUND: 404}
BAD_REQUEST: Final = 400


class Downloads:
    """The route of packages."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def handle(self, request: Request) -> Response:
        """Answer one HTTP request. What refuses does so before the first byte."""
        try:
            what, form = _asked(request)
            who = await self._house.authenticate(self._house.vault, bearer(request.headers.get("authorization")))
            language = _language(request.headers.get("accept-language", ""))
            chunks = export(self._desk(), who, what, form, language=language)
            return await self._streamed(chunks, what, form, language)
        except Exception as error:  # noqa: BLE001  (nothing may leave here with a message or a traceback)
            problem = translate(error, NOBODY)
            status = STATUS.get(problem.code) or REFUSED.get(problem.code, BAD_REQUEST)
            return JSONResponse({"errors": [worded(problem)]}, int(status))

    def _desk(self) -> Desk:
        return Desk(self._house.vault, self._house.clock, self._house.ids)

    async def _streamed(
        self, chunks: AsyncIterator[bytes], what: What, form: str, language: Language
    ) -> StreamingResponse:
        first = await anext(chunks)
        file = file_of(what, form, language, oslo_date(self._house.clock()))
        headers = {"content-disposition": f'attachment; filename="{file.name}"'}
        return StreamingResponse(_from(first, chunks), media_type=file.media_type, headers=headers)


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _asked(request: Request) -> tuple[What, str]:
    what, form = request.path_params["what"], request.path_params["form"]
    found = next((each for each in What if each.value == what and form in FORMS[each]), None)
    if found is None:
        raise Declined(Code.NOT_FOUND)
    return found, form


def _language(accepted: str) -> Language:
    """The first language named that there is."""
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in {"nb", "no", "nn"}:
            return Language.NB
        if tag == "en":
            return Language.EN
    return Language.NB

"""Elhub's NotifyValidatedDataForBillingEnergy. Described in `docs/formats/elhub-xml.md`.

Expat reads the stream as it comes. A document type declaration ends the reading at once: no entity is ever declared,
none expanded, nothing fetched. Text is kept of the few elements that are read, and the longest token, the deepest
element and the longest series are bounded, so that no document takes more memory than its longest series.

A series is whole or refused: as many values as its period has intervals, each numbered once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from xml.parsers import expat
from xml.parsers.expat import errors

from ingest.formats.delivery import LONGEST, Item, Options, Readable
from ingest.formats.gate import Gate
from ingest.formats.xml_runs import TARGET, Runs
from ingest.formats.xml_series import Draft, Observation, finished
from ingest.problems import Problem, Rule

_DOCUMENT: Final = "urn:no:elhub:emif:metering:NotifyValidatedDataForBillingEnergy:"
_ROOT: Final = "NotifyValidatedDataForBillingEnergy"
_SERIES: Final = "PayloadEnergyTimeSeries"
_DEEPEST: Final = 32
_TEXT: Final = 64
_CHUNK: Final = 1 << 16
_PERIOD: Final = "ObservationPeriodTimeSeriesPeriod"
_FIELDS: Final[Mapping[tuple[str, str], str]] = {
    (_SERIES, "RegistrationDateTime"): "registered",
    (_PERIOD, "Start"): "start",
    (_PERIOD, "End"): "end",
    (_PERIOD, "ResolutionDuration"): "resolution",
    (_PERIOD, "MeterReadingStart"): "register_start",
    (_PERIOD, "MeterReadingEnd"): "register_end",
    ("ProductIncludedProductCharacteristics", "Identification"): "product",
    ("ProductIncludedProductCharacteristics", "UnitType"): "unit",
    ("MPDetailMeasurementMeteringPointCharacteristic", "Direction"): "direction",
    ("MeteringPointUsedDomainLocation", "Identification"): "point",
}
_OBSERVATIONS: Final = frozenset({"Observation", "ProfiledObservation"})
_ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1"})
_NOT_AS_DECLARED: Final = errors.codes[errors.XML_ERROR_INCORRECT_ENCODING]


class _Refused(Exception):
    """The document ends here."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule = rule


def read_elhub_xml(stream: Readable, options: Options) -> Iterator[Item]:
    """The series and the period volumes of a document, each when its element ends."""
    document = _Document(Gate(options), options)
    try:
        while part := stream.read(_CHUNK):
            document.feed(part)
            yield from document.taken()
        document.close()
        yield from document.taken()
    except _Refused as refused:
        yield from document.taken()
        yield document.problem(refused.rule)
    except expat.ExpatError as broken:
        yield from document.taken()
        yield document.problem(document.meaning(broken.code))


class _Document:
    """The callbacks of the parser, and what came out of them so far."""

    def __init__(self, gate: Gate, options: Options) -> None:
        self._gate = gate
        self._options = options
        self._items: list[Item] = []
        self._path: list[str] = []
        self._local: dict[str, str] = {}
        self._text: str | None = None
        self._draft: Draft | None = None
        self._observation: Observation | None = None
        self._quiet = 0
        self._runs = Runs()
        self._ended = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartDoctypeDeclHandler = self._declares
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.CommentHandler = self._comment
        self._parser.ProcessingInstructionHandler = self._instructed

    def feed(self, part: bytes) -> None:
        """Parse some bytes more."""
        self._quiet += len(part)
        self._parser.Parse(self._runs.without(part), False)  # noqa: FBT003  the last argument of the C function: not yet the end
        if self._quiet > LONGEST:
            raise _Refused(Rule.LINE_TOO_LONG)

    def close(self) -> None:
        """There are no more bytes."""
        self._parser.Parse(self._runs.rest(), False)  # noqa: FBT003  the last argument of the C function: not yet the end
        self._ended = True
        self._parser.Parse(b"", True)  # noqa: FBT003  the last argument of the C function: the end

    def taken(self) -> Iterator[Item]:
        """What came out since the last time."""
        items, self._items = self._items, []
        yield from items

    def problem(self, rule: Rule) -> Problem:
        """Why the reading ended where it did, and how many values that were being read are lost with it."""
        lost = len(self._draft.sequence) if self._draft else 0
        return Problem(rule, self._parser.CurrentLineNumber, readings=lost)

    def meaning(self, code: int) -> Rule:
        """The rule that an error of the parser stands for."""
        if code == _NOT_AS_DECLARED:
            return Rule.ENCODING
        return Rule.TRUNCATED if self._ended else Rule.NOT_WELL_FORMED

    def _declared(self, _: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise _Refused(Rule.ENCODING)

    def _declares(self, *_: object) -> None:
        raise _Refused(Rule.DECLARES_TYPES)

    def _comment(self, _: str) -> None:
        self._quiet = 0

    def _instructed(self, target: str, name: str) -> None:
        self._quiet = 0
        run = self._runs.met(name.strip()) if target == TARGET else None
        if run is None or (self._path and self._draft is None):
            return
        if self._draft is None or self._path[-1] != _SERIES:
            raise _Refused(Rule.DOCUMENT)
        self._draft.observed_run(run, self._parser.CurrentLineNumber)

    def _characters(self, text: str) -> None:
        self._quiet = 0
        if self._text is not None and len(self._text) < _TEXT:
            self._text += text[:_TEXT]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        local = self._local.get(name) or self._known(name)
        self._path.append(local)
        if len(self._path) > _DEEPEST:
            raise _Refused(Rule.DOCUMENT)
        draft = self._draft
        if draft is None:
            if local == _SERIES:
                self._draft = Draft(line=self._parser.CurrentLineNumber)
            return
        self._text = ""
        if local in _OBSERVATIONS:
            self._observation = Observation(attributes.get("Sequence", ""), self._parser.CurrentLineNumber)
        elif self._observation is not None:
            self._observation.says(local, attributes.get("Quality", ""))

    def _end(self, _: str) -> None:
        self._quiet = 0
        local = self._path.pop()
        draft, text, self._text = self._draft, self._text, None
        if draft is None:
            return
        if local == _SERIES:
            self._items.extend(finished(draft, self._gate))
            self._draft = None
        elif local in _OBSERVATIONS and self._observation is not None:
            draft.observed(self._observation)
            self._observation = None
        elif text is not None:
            self._take(draft, local, text.strip())

    def _take(self, draft: Draft, local: str, text: str) -> None:
        if self._observation is not None:
            self._observation.value = text
            return
        field = _FIELDS.get((self._path[-1], local))
        if field is not None and draft.fields.setdefault(field, text) != text:
            raise _Refused(Rule.DOCUMENT)

    def _known(self, name: str) -> str:
        """The local name, remembered; the first one is the document's and decides what the others mean."""
        namespace, _, local = name.rpartition(" ")
        if not self._path and not (local == _ROOT and namespace.startswith(_DOCUMENT)):
            raise _Refused(Rule.DOCUMENT)
        if len(self._local) > LONGEST >> 10:
            raise _Refused(Rule.DOCUMENT)
        self._local[name] = local
        return local

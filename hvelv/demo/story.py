"""The story of one homeowner, from the first request to an erasure one can check; each step says what must be true."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from hvelv.demo.stage import Answer, Caller, Stage
from hvelv.demo.telling import Teller
from outreach.newsletter import newsletter_audience
from vault.request import Secret

EMAIL: Final = "kari.nordmann@example.no"
PHONE: Final = "+4768051234"
NAME: Final = "Kari Nordmann"
ADDRESS: Final = "Sølvfaksveien 12, 0001 Testby"
NATIONAL_ID: Final = "05840399895"  # published for tests: the month carries +80
INCOME: Final = 917_403
LOANS: Final = 2_481_097
CANARIES: Final = (EMAIL, PHONE, NAME, ADDRESS, NATIONAL_ID, str(INCOME), str(LOANS))

REQUEST: Final = """mutation Request($k: String!, $a: String!, $e: String!, $o: Int!) {
  requestCalculation(idempotencyKey: $k, address: $a, email: $e, consentOption: $o) {
    subject project token replayed } }"""
CASE: Final = """query Case($id: UUID!) @access(purpose: OFFER%s) {
  customer(id: $id) { name phone email projects { address offerAmountNok } } }"""
STEP: Final = "mutation Step($k: String!, $p: UUID!) { %s(idempotencyKey: $k, project: $p) { record } }"
PROCEED: Final = """mutation Proceed($k: String!, $p: UUID!, $n: String, $t: String) {
  proceed(idempotencyKey: $k, project: $p, name: $n, phone: $t) { record } }"""
ASSIGN: Final = """mutation Assign($k: String!, $s: UUID!, $p: UUID!, $a: UUID!)
  @access(purpose: OFFER, reason: "next in line") {
  assign(idempotencyKey: $k, subject: $s, record: $p, account: $a, purpose: OFFER) { record } }"""
OFFER: Final = """mutation Offer($k: String!, $s: UUID!, $p: UUID!)
  @access(purpose: OFFER, reason: "called her today") {
  makeOffer(idempotencyKey: $k, subject: $s, project: $p, amountNok: 148000, document: "%s") { record } }"""
FINANCING: Final = """mutation Pay($k: String!, $p: UUID!) {
  chooseFinancing(idempotencyKey: $k, project: $p, solarLoan: true) { record } }"""
APPLY: Final = """mutation Apply($k: String!, $p: UUID!, $n: String!, $i: Nok!, $l: Nok!) {
  applyForLoan(idempotencyKey: $k, project: $p, nationalId: $n, householdIncomeNok: $i,
    householdLoansNok: $l) { record } }"""
BANK: Final = """query Application($id: UUID!) { customer(id: $id) { name phone email
  projects { address offerAmountNok roof { areaDm2 }
    loans { id nationalId householdIncomeNok householdLoansNok applied result } } } }"""
CLOSE: Final = """mutation Close($k: String!, $s: UUID!, $l: UUID!) {
  closeLoan(idempotencyKey: $k, subject: $s, loan: $l, outcome: "paid_out") { record receipts } }"""
MINE: Final = """query Mine { me { name email phone consents { consent withdrawnAt }
  projects { address offerAmountNok
    loans { id nationalId householdIncomeNok householdLoansNok applied result } } } }"""
CONSENT: Final = "mutation C($k: String!) { %s(idempotencyKey: $k, consent: MARKETING) { record } }"
ACCESSES: Final = """query Accesses { me { accesses(first: 100) { edges { node {
  at kind roles purpose recipient fields reason withheld { field rule } } } } } }"""
ERASE: Final = """mutation Erase($k: String!, $s: UUID!, $t: String)
  @access(purpose: ERASURE, reason: "letter of 3 May") {
  erase(idempotencyKey: $k, subject: $s, secondToken: $t) { id status fields { field fate rule } } }"""
RECEIPT: Final = (
    'query R($id: UUID!) @access(purpose: ERASURE, reason: "letter of 3 May") { receipt(id: $id) { status } }'
)
LEDGER: Final = """query L @access(purpose: AUDIT) { ledger(first: 2) { edges { node {
  kind purpose roles subjects opened withheld rules { field rule count } } } } }"""

CONTRACT_PDF: Final = "JVBERi0xLjcKJUthcmkgTm9yZG1hbm4sIFPDuGx2ZmFrc3ZlaWVuIDEyCiUlRU9GCg=="

NOBODY: Final = UUID(int=0)
OFFICER: Final = "the data protection officer"
CURIOUS: Final = ("without a reason", "before she asked")
"""How the advisor asks in vain."""


@dataclass(slots=True)
class Story:
    """What has happened so far."""

    stage: Stage
    teller: Teller
    people: dict[str, Caller] = field(default_factory=dict)
    advisor_account: UUID = field(default_factory=uuid.uuid4)
    subject: UUID = NOBODY
    project: UUID = NOBODY
    loans: list[str] = field(default_factory=list)
    neighbour: Caller | None = None

    # -- asking ------------------------------------------------------------------------------------------------------

    async def ask(self, who: str, purpose: str, what: str, query: str, **variables: Any) -> Answer:
        """Ask over HTTP and tell it."""
        self.teller.asked(who, purpose, what)
        answer = await self.people[who].ask(query, **variables)
        self.teller.withheld(answer.withheld())
        for code in answer.codes():
            if code != "WITHHELD":
                self.teller.note(f"answered {code}")
        await self._entry()
        return answer

    async def _entry(self) -> None:
        found = (await self.people[OFFICER].ask(LEDGER)).data["ledger"]
        row = found["edges"][1]["node"]  # the first is this reading itself
        if (row["purpose"], row["roles"]) == ("audit", ["dpo"]):
            self.teller.note("no ledger entry: refused before anybody's data were asked for")
        else:
            rules = ", ".join(f"{r['field']}: {r['rule']}" for r in row["rules"][:3])
            self.teller.entry(
                f"{row['kind']} · {row['purpose']} · {'+'.join(row['roles'])} · subjects {row['subjects']}"
                f" · opened {row['opened']} · withheld {row['withheld']}{' · ' + rules if rules else ''}"
            )

    def key(self) -> str:
        """A fresh idempotency key."""
        return str(uuid.uuid4())

    # -- the cast ----------------------------------------------------------------------------------------------------

    async def cast(self) -> None:
        """Tokens for everybody who will ask."""
        caller = self.stage.caller
        self.people = {
            OFFICER: await caller(OFFICER, "dpo"),
            "the second person": await caller("the second person", "privacy_approver"),
            "the website": await caller("the website", "visitor"),
            "a sales lead": await caller("a sales lead", "sales_lead"),
            "an advisor": await caller("an advisor", "advisor", account=self.advisor_account),
            "the bank": await caller("the bank", "bank", recipient="bank", purpose="loan_application"),
            "the installer": await caller("the installer", "installer", recipient="installer", purpose="installation"),
            "the newsletter job": await caller("the newsletter job", "newsletter"),
        }

    # -- chapters ----------------------------------------------------------------------------------------------------

    async def lead(self) -> None:
        """A request with option 1, and what that does not allow."""
        self.teller.chapter("A homeowner asks for a calculation of her roof, option 1: only the calculation by e-mail")
        answer = await self.ask(
            "the website", "roof_calculation", "requestCalculation", REQUEST, k=self.key(), a=ADDRESS, e=EMAIL, o=1
        )
        made = answer.data["requestCalculation"]
        self.subject, self.project = UUID(made["subject"]), UUID(made["project"])
        self.people["Kari"] = Caller("Kari", self.stage.url, Secret(made["token"]))
        self.teller.check("a new customer, and a token for her alone, once", made["token"])
        mine = (await self.ask("Kari", "self_service", "me", MINE)).data["me"]
        self.teller.got({"email": mine["email"], "address": mine["projects"][0]["address"]})
        self.teller.check(
            "she sees what she gave", mine["email"] == EMAIL and mine["projects"][0]["address"] == ADDRESS
        )
        await self._somebody_else()

    async def _somebody_else(self) -> None:
        made = await self.people["the website"].ask(
            REQUEST, k=self.key(), a="Testveien 7, 0001 Testby", e="ola.hansen@example.no", o=1
        )
        self.neighbour = Caller("Ola", self.stage.url, Secret(made.data["requestCalculation"]["token"]))

    async def newsletter(self) -> None:
        """Nobody to write to."""
        self.teller.chapter("A newsletter job looks for somebody to write to")
        job = self.people["the newsletter job"]
        self.teller.asked("the newsletter job", "newsletter", "everybody who may be written to")
        found = await newsletter_audience(self.stage.vault, await self.stage.principal(job))
        await self._entry()
        self.teller.check("finds nobody: option 1 is no consent to a newsletter (SOL-04)", not found)

    async def too_early(self) -> None:
        """An advisor without a reason, and before she asked for an offer."""
        self.teller.chapter("An advisor is curious")
        await self.ask(
            "a sales lead", "offer", "assign the case", ASSIGN, k=self.key(), s=str(self.subject),
            p=str(self.project), a=str(self.advisor_account),
        )  # fmt: skip
        no_reason = await self.ask("an advisor", "offer", CURIOUS[0], CASE % "", id=str(self.subject))
        self.teller.check("nothing opens without a reason", not _values(no_reason))
        early = await self.ask("an advisor", "offer", CURIOUS[1], _with_reason(), id=str(self.subject))
        self.teller.check("nothing opens before she asks for an offer", not _values(early))
        why = await self._explained("person.email")
        self.teller.got({"explainAccess(person.email)": why})
        self.teller.check("and the rule is named", why == "while:offer.requested")

    async def _explained(self, name: str) -> str:
        query = """query E($s: UUID!) { explainAccess(subject: $s, field: %s, purpose: OFFER, recipient: ADVISOR,
          reason: "case 1") { permitted rule } }"""
        answer = await self.people["an advisor"].ask(query % name.replace(".", "_").upper(), s=str(self.subject))
        found: dict[str, Any] = answer.data.get("explainAccess") or {}
        return str(found.get("rule") or found.get("permitted") or answer.codes())

    async def contract(self) -> None:
        """She proceeds, accepts, signs."""
        self.teller.chapter("She proceeds with name and telephone number, accepts the offer, signs")
        refused = await self.ask(
            "Kari", "offer", "proceed without a telephone", PROCEED, k=self.key(), p=str(self.project), n=NAME
        )
        self.teller.check(
            "refused, naming what is needed (SOL-14, SOL-16)", refused.errors and not refused.data.get("proceed")
        )
        await self.ask("Kari", "offer", "proceed", PROCEED, k=self.key(), p=str(self.project), n=NAME, t="68 05 12 34")
        seen = await self.ask("an advisor", "offer", "the case", _with_reason(), id=str(self.subject))
        self.teller.got(_flat(seen.data["customer"]))
        self.teller.check("now the advisor sees name, telephone and address", seen.data["customer"]["phone"] == PHONE)
        await self.ask(
            "an advisor",
            "offer",
            "makeOffer",
            OFFER % CONTRACT_PDF,
            k=self.key(),
            s=str(self.subject),
            p=str(self.project),
        )
        await self.ask(
            "Kari", "self_service", "chooseFinancing: solar loan", FINANCING, k=self.key(), p=str(self.project)
        )
        await self.ask("Kari", "self_service", "acceptOffer", STEP % "acceptOffer", k=self.key(), p=str(self.project))
        signed = await self.ask(
            "Kari", "self_service", "signContract", STEP % "signContract", k=self.key(), p=str(self.project)
        )
        self.teller.check("the contract is in force", signed.data.get("signContract"))

    async def loan(self) -> None:
        """Two loans, the bank and the installer."""
        self.teller.chapter("She applies for a solar loan with a (synthetic) national id, and for a second one")
        bad = await self.ask("Kari", "loan_application", "a mistyped id", APPLY, k=self.key(), p=str(self.project),
                             n="05840399894", i=INCOME, l=LOANS)  # fmt: skip
        self.teller.check("refused, without repeating it (SOL-20)", "05840399894" not in str(bad.errors) and bad.errors)
        for income in (INCOME, INCOME + 1):
            made = await self.ask("Kari", "loan_application", "applyForLoan", APPLY, k=self.key(), p=str(self.project),
                                  n=NATIONAL_ID, i=income, l=LOANS)  # fmt: skip
            self.loans.append(made.data["applyForLoan"]["record"])
        seen = await self.ask("the bank", "loan_application", "the application", BANK, id=str(self.subject))
        loan = _loan(seen.data["customer"], self.loans[0])
        self.teller.got({name: value for name, value in loan.items() if value is not None and name != "id"})
        self.teller.check(
            "the bank's token reads the loan fields",
            (loan["nationalId"], loan["householdIncomeNok"]) == (NATIONAL_ID, INCOME),
        )
        project = seen.data["customer"]["projects"][0]
        self.teller.check(
            "and neither offer nor roof",
            project["offerAmountNok"] is None and not (project["roof"] or {}).get("areaDm2"),
        )
        nothing = await self.ask("the installer", "installation", "the case", BANK, id=str(self.subject))
        self.teller.check("the installer's token reads nothing yet (SOL-27)", not _values(nothing))

    async def paid_out(self) -> None:
        """The first loan is paid out."""
        self.teller.chapter("The first loan is paid out")
        done = await self.ask(
            "the bank",
            "loan_application",
            "closeLoan: paid_out",
            CLOSE,
            k=self.key(),
            s=str(self.subject),
            l=self.loans[0],
        )
        self.teller.check("recorded, with a receipt of what died", done.data["closeLoan"]["receipts"])
        mine = (await self.ask("Kari", "self_service", "me", MINE)).data["me"]
        first, second = _loan(mine, self.loans[0]), _loan(mine, self.loans[1])
        self.teller.got({"first loan": first, "second loan": second})
        gone = all(first[name] is None for name in ("nationalId", "householdIncomeNok", "householdLoansNok"))
        self.teller.check("national id, income and loans of the first are gone (SOL-22)", gone)
        self.teller.check(
            "applied and result remain (SOL-24)", first["applied"] is True and first["result"] == "paid_out"
        )
        self.teller.check(
            "the second loan is untouched", second["householdIncomeNok"] == INCOME + 1 and second["nationalId"]
        )

    async def marketing(self) -> None:
        """A consent given and withdrawn."""
        self.teller.chapter("She says yes to the newsletter, and no again")
        job = await self.stage.principal(self.people["the newsletter job"])
        await self.ask("Kari", "marketing", "giveConsent", CONSENT % "giveConsent", k=self.key())
        found = await newsletter_audience(self.stage.vault, job)
        self.teller.check(
            "the newsletter job finds her", [str(reader.subject) for reader in found] == [str(self.subject)]
        )
        await self.ask("Kari", "marketing", "withdrawConsent", CONSENT % "withdrawConsent", k=self.key())
        self.teller.check("and nobody afterwards", not await newsletter_audience(self.stage.vault, job))
        mine = (await self.ask("Kari", "self_service", "me", MINE)).data["me"]
        kept = mine["name"] == NAME and mine["projects"][0]["offerAmountNok"]
        self.teller.check("her contract data stay (SOL-02)", kept)

    async def accesses(self) -> None:
        """Who opened my data?"""
        self.teller.chapter("She asks who has opened her data")
        answer = await self.ask("Kari", "self_service", "accesses", ACCESSES)
        rows = [edge["node"] for edge in answer.data["me"]["accesses"]["edges"]]
        for row in reversed(rows):
            if row["roles"] != ["self"]:
                said = [row["reason"], ", ".join(sorted({item["rule"] for item in row["withheld"]}))]
                told = " · ".join([f"{len(row['fields'])} fields", *(text for text in said if text)])
                self.teller.note(f"{row['kind']:9} {'+'.join(row['roles']):12} {row['purpose']:16} {told}")
        seen = {(row["kind"], role) for row in rows for role in row["roles"]}
        refused = [row["roles"] for row in rows if row["kind"] == "refused"]
        self.teller.check("the advisor's two refusals are there", refused.count(["advisor"]) == len(CURIOUS))
        self.teller.check("and the installer's", ["installer"] in refused)
        self.teller.check(
            "so are the bank, the newsletter job and the advisor",
            {("opened", "bank"), ("opened", "newsletter"), ("opened", "advisor")} <= seen,
        )

    async def erased(self) -> str:
        """Two persons erase her; gives the receipt's id."""
        self.teller.chapter("The data protection officer erases her, with a second person")
        alone = await self.ask(OFFICER, "erasure", "erase, alone", ERASE, k=self.key(), s=str(self.subject), t=None)
        self.teller.check("refused: it takes two", alone.errors and not alone.data.get("erase"))
        second = self.people["the second person"].bearer.reveal()
        answer = await self.ask(
            OFFICER, "erasure", "erase, together", ERASE, k=self.key(), s=str(self.subject), t=second
        )
        receipt = answer.data["erase"]
        self.teller.got({"receipt": receipt["status"], "fields": [f["field"] for f in receipt["fields"]]})
        self.teller.check(
            "everything is erased, nothing kept", all(f["fate"].upper() == "ERASED" for f in receipt["fields"])
        )
        self.teller.check(
            "the receipt says pending: an old copy and today's keys could still open it",
            receipt["status"].upper() == "PENDING",
        )
        gone = await self.ask("Kari", "self_service", "me", MINE)
        self.teller.check("nothing of hers opens any more", not _values(gone))
        return str(receipt["id"])

    async def status(self, receipt: str) -> str:
        """What the receipt says now."""
        answer = await self.people[OFFICER].ask(RECEIPT, id=receipt)
        return str(answer.data["receipt"]["status"]).lower()


def _with_reason() -> str:
    return CASE % ', reason: "case 1"'


def _loan(customer: dict[str, Any], loan: str) -> dict[str, Any]:
    loans: list[dict[str, Any]] = customer["projects"][0]["loans"]
    (found,) = [row for row in loans if row["id"] == loan]
    return found


def _flat(customer: dict[str, Any]) -> dict[str, Any]:
    project: dict[str, Any] = customer["projects"][0]
    return {name: value for name, value in customer.items() if name != "projects"} | project


def _values(answer: Answer) -> list[Any]:
    """Every value in an answer that is not an id or an empty place."""
    found: list[Any] = []
    waiting: list[Any] = [answer.data]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            waiting.extend(value for name, value in cast("dict[str, Any]", at).items() if name != "id")
        elif isinstance(at, list):
            waiting += at
        elif at is not None:
            found.append(at)
    return found

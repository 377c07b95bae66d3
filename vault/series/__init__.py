"""Sealed series of readings: columns of numbers per record and field, sealed by Oslo month, opened by policy.

    axis.py      resolutions, and time as numbers on an axis
    readings.py  columns of readings; the rule that merges versions of one interval
    request.py   what goes through the doors

It knows no meter and no plant: a series is of a record and a field of type `series`. The doors, on `vault.Vault`:

    append(who, access, deliveries: Sequence[Arrival], idempotency: RequestKey | None = None) -> Appended
    series(who, access, subjects: Sequence[SubjectId] | Lookup, fields: FieldMask, start: datetime, end: datetime,
           records: RecordFilter | None = None, *, history: bool = False) -> SeriesOpened
    series_by_month(the same)                             -> AsyncIterator[SeriesOpened], one ledger entry each
    holdings(who, access, subjects: Sequence[SubjectId])  -> Mapping[SubjectId, Sequence[Holding]]
    compact(who, access, first: int = 500)                -> Folded          role `vault`
    coarsen(who, access, subject, record, into: Mapping[str, str], before: datetime) -> Coarsened

An arrival that the policy refuses is reported with its rule in `Appended.taken`; the others are stored. `start` and
`end` are aware instants; what comes back is trimmed to the periods kept. `into` names the field that takes the monthly
sums of each hourly field; months that end before `before` are summed, their keys destroyed in the same transaction.
"""

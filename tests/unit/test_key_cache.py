"""Opened keys are kept for few, for a little while, and not at all once somebody says so."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from determinism import VirtualClock

from policies.model import SubjectId
from vault.keys.cache import LIFETIME, MAX_QUESTIONS, MAX_SUBJECTS, Cached, KeyCache

KARI, OLA, EVA = (SubjectId(UUID(int=n, version=4)) for n in (1, 2, 3))


@pytest.fixture
def cache(clock: VirtualClock) -> KeyCache:
    return KeyCache(clock, size=2)


def test_the_same_place_is_given_again(cache: KeyCache) -> None:
    assert cache.of(KARI, 1) is cache.of(KARI, 1)
    assert cache.of(KARI, 1) is not cache.of(OLA, 1)


def test_no_more_subjects_are_kept_than_there_is_room_for_and_the_least_used_goes_first(cache: KeyCache) -> None:
    kari, ola = cache.of(KARI, 1), cache.of(OLA, 1)
    assert cache.of(KARI, 1) is kari
    cache.of(EVA, 1)
    assert len(cache) == 2
    assert cache.of(KARI, 1) is kari
    assert cache.of(OLA, 1) is not ola


def test_without_being_told_otherwise_there_is_room_for_ten_thousand(clock: VirtualClock) -> None:
    cache = KeyCache(clock)
    for n in range(MAX_SUBJECTS + 7):
        cache.of(SubjectId(UUID(int=n)), 1)
    assert len(cache) == MAX_SUBJECTS == 10_000


def test_nothing_older_than_a_minute_is_used_however_often_it_was(cache: KeyCache, clock: VirtualClock) -> None:
    kari = cache.of(KARI, 1)
    clock.advance(LIFETIME - timedelta(microseconds=1))
    assert cache.of(KARI, 1) is kari
    clock.advance(timedelta(microseconds=1))
    assert cache.of(KARI, 1) is not kari


def test_keys_of_another_generation_are_not_used(cache: KeyCache) -> None:
    kari = cache.of(KARI, 1)
    assert cache.of(KARI, 2) is not kari
    assert cache.of(KARI, 1) is not kari


def test_a_subject_that_is_dropped_is_forgotten_and_no_other(cache: KeyCache) -> None:
    kari, ola = cache.of(KARI, 1), cache.of(OLA, 1)
    cache.drop(KARI)
    cache.drop(EVA)
    assert len(cache) == 1
    assert cache.of(OLA, 1) is ola
    assert cache.of(KARI, 1) is not kari


def test_cleared_it_holds_nobody(cache: KeyCache) -> None:
    cache.of(KARI, 1)
    cache.of(OLA, 1)
    cache.clear()
    assert len(cache) == 0


def test_few_questions_about_one_subject_are_remembered_the_latest(clock: VirtualClock) -> None:
    cached = Cached(1, clock() + LIFETIME)
    for question in range(MAX_QUESTIONS + 3):
        cached.remember(question, str(question))
    assert list(cached.weighed) == list(range(3, MAX_QUESTIONS + 3))

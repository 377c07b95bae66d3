"""Everything an event may say: its names, the routes of the site, the questions of the FAQ, the towns.

A value that is not listed here does not leave (CKE-09). Whoever adds a page or an event adds a line.
"""

from __future__ import annotations

import re
from typing import Final

EVENTS: Final = frozenset({
    "page_viewed", "faq_opened", "calculation_started", "calculation_finished", "offer_requested",
    "newsletter_form_opened", "newsletter_subscribed", "video_played", "contact_opened",
})  # fmt: skip
FAQ_EVENT: Final = "faq_opened"
QUESTIONS: Final = frozenset({
    "what_does_it_cost", "how_long_does_it_last", "does_it_work_in_winter", "what_about_snow", "who_installs",
    "how_is_the_roof_measured", "can_i_sell_power", "what_is_a_hub", "how_do_i_pay", "what_about_privacy",
})  # fmt: skip

ROUTES: Final = (
    "/", "/calc", "/calc/:id", "/offer/:id", "/project/:id", "/me", "/login", "/solstrom", "/nabostrom", "/hub",
    "/faq", "/faq/:question", "/about", "/contact", "/privacy", "/cookies", "/newsletter", "/unsubscribe/:token",
    "/articles", "/articles/:article", "/towns/:town",
)  # fmt: skip
OTHER_ROUTE: Final = "/:other"
_PATTERNS: Final = [(route, re.compile(re.sub(r":\w+", "[^/]+", route))) for route in ROUTES]

TOWNS: Final = frozenset({
    "Alta", "Arendal", "Askim", "Bergen", "Bodø", "Brekstad", "Brevik", "Brumunddal", "Bryne", "Brønnøysund", "Drammen",
    "Drøbak", "Egersund", "Eidsvoll", "Elverum", "Fagernes", "Farsund", "Fauske", "Finnsnes", "Flekkefjord", "Florø",
    "Fredrikstad", "Førde", "Gjøvik", "Grimstad", "Halden", "Hamar", "Hammerfest", "Harstad", "Haugesund",
    "Hokksund", "Holmestrand", "Honningsvåg", "Horten", "Hønefoss", "Jessheim", "Jørpeland", "Kirkenes", "Kongsberg",
    "Kongsvinger", "Kopervik", "Kragerø", "Kristiansand", "Kristiansund", "Langesund", "Larvik", "Leirvik", "Leknes",
    "Levanger", "Lillehammer", "Lillesand", "Lillestrøm", "Lyngdal", "Mandal", "Mo i Rana", "Moelv", "Molde", "Mosjøen",
    "Moss", "Mysen", "Namsos", "Narvik", "Notodden", "Odda", "Orkanger", "Oslo", "Otta", "Porsgrunn", "Risør",
    "Rjukan", "Sandefjord", "Sandnes", "Sandvika", "Sarpsborg", "Sauda", "Ski", "Skien", "Sortland", "Stathelle",
    "Stavanger", "Stavern", "Steinkjer", "Stjørdal", "Stokmarknes", "Stord", "Svolvær", "Tromsø", "Trondheim",
    "Tvedestrand", "Tønsberg", "Ulsteinvik", "Vadsø", "Vardø", "Verdal", "Vinstra", "Åkrehamn", "Ålesund", "Åndalsnes",
    "Åsgårdstrand",
})  # fmt: skip
"""Norwegian towns: the scale of CKE-11."""


def template(path: str) -> str:
    """The route a path is of: `/calc/8f3a` is `/calc/:id`. What is nobody's route is `/:other`."""
    trimmed = path.rstrip("/") or "/"
    return next((route for route, pattern in _PATTERNS if pattern.fullmatch(trimmed)), OTHER_ROUTE)

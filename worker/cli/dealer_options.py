"""The options that describe a dealer, and what is acceptable for each."""

from dataclasses import fields
from datetime import time
from zoneinfo import available_timezones

import click
import phonenumbers

from schemas.arguments import MAX_DEALER_ID
from schemas.dealer import Dealer
from worker.cli.help import Decorator, together
from worker.errors import ConfigurationError
from worker.vinacles.wire import checked_url

#: Integers of Vinacles are below 2^53.
_MAX_AFFILIATE = 2**53 - 1
_MINUTES_OF_A_WEEK = 7 * 24 * 60
_MOST_DAYS = 3650
#: What `--refresh-every-minutes` takes for no schedule; None is an option that was left out.
NEVER = "never"
_DEFAULTS = {field.name: field.default for field in fields(Dealer)}


class _DealerNumber(click.IntRange):
    """Named so that "'north' is not a valid dealer number"."""

    name = "dealer number"


dealer_id_argument = click.argument("dealer_id", type=_DealerNumber(1, MAX_DEALER_ID), metavar="DEALER_ID")


def url(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """https, or http on this machine; without login, query or fragment. Whether it may be private, settings
    say."""
    if value is None:
        return None
    try:
        found = checked_url(value.strip(), allow_private=True)
    except ConfigurationError:
        raise click.BadParameter(
            "must be https://host or https://host/path, without login or query "
            "(http:// on this machine only), for example https://garage-noord.example"
        ) from None
    if parameter.name == "base_url":
        found = found.rstrip("/")
        if found.endswith("/api"):
            raise click.BadParameter(f"ends before /api: {found.removesuffix('/api')}")
    return found


def text(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Something readable on one line."""
    if value is None:
        return None
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise click.BadParameter("must be a text of 1 to 200 printable characters on one line")
    return value.strip()


def time_zone(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A name of the IANA time zone database."""
    if value is not None and value not in available_timezones():
        raise click.BadParameter("must be a time zone of the IANA database, for example Europe/Amsterdam")
    return value


def phone_region(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A country of ISO 3166-1 with a telephone plan."""
    region = None if value is None else value.strip().upper()
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise click.BadParameter("must be a country in two letters, for example NL or BE")
    return region


def minutes(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | str | None:
    """A number of minutes, or `NEVER`."""
    if value is None or value.strip().lower() == NEVER:
        return None if value is None else NEVER
    try:
        found = int(value)
    except ValueError:
        found = 0
    if not 1 <= found <= _MINUTES_OF_A_WEEK:
        raise click.BadParameter(
            f"must be a whole number from 1 to {_MINUTES_OF_A_WEEK} (a week), for example 30, or {NEVER}"
        )
    return found


def time_of_day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> time | None:
    """Hours and minutes."""
    if value is None:
        return None
    hours, colon, rest = value.strip().partition(":")
    try:
        if colon and len(rest) == 2:
            return time(int(hours), int(rest))
    except ValueError:
        pass
    raise click.BadParameter("must be a time of day as HH:MM, for example 07:30; midnight is 00:00")


def rate(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    """Requests per second, and a number at all (NaN lies in no range); the record keeps three decimals."""
    if value is not None and not 0.01 <= value <= 1000:
        raise click.BadParameter("must be a number from 0.01 to 1000, for example 5 or 0.5")
    return value


def connection_options(*, new: bool) -> Decorator:
    """Name and connection; all of them are needed for a new dealer."""
    return together(
        click.option("--name", callback=text, required=new, help="What people call the dealer."),
        click.option(
            "--base-url", callback=url, required=new, help="Address of its Vinacles tenant, up to /api."
        ),
        click.option("--token-url", callback=url, required=new, help="Where tokens are asked for."),
        click.option("--audience", callback=text, required=new, help="OAuth2 audience of the dealer."),
        click.option("--client-id", callback=text, required=new, help="OAuth2 client id."),
        click.option(
            "--client-secret-file",
            type=click.File("r", encoding="utf-8"),
            help="File with the OAuth2 client secret, - for standard input. Without it, it is asked for."
            if new
            else "File with a new OAuth2 client secret, - for standard input.",
        ),
    )


def policy_options(*, new: bool) -> Decorator:
    """What is left out keeps its value, or gets the default for a new dealer."""
    return together(_place_options(new), _policy_switches(new))


def _place_options(new: bool) -> Decorator:
    branches = "Without it: every branch." if new else "They replace those named before."
    clocks = "Time zone of the dealer's clocks"
    country = "Country of telephone numbers without +"
    return together(
        click.option(
            "--affiliate",
            "affiliates",
            type=click.IntRange(1, _MAX_AFFILIATE),
            multiple=True,
            help=f"A branch to import from; give it once for each. {branches}",
        ),
        click.option("--time-zone", callback=time_zone, help=_help(clocks, new, _DEFAULTS["time_zone"])),
        click.option(
            "--phone-region", callback=phone_region, help=_help(country, new, _DEFAULTS["phone_region"])
        ),
    )


def _policy_switches(new: bool) -> Decorator:
    return together(
        _switch(
            "keep_importing_after_start",
            "--keep-importing-after-start/--no-keep-importing-after-start",
            "--keep-importing/--no-keep-importing",
            help=_help("Go on taking over changes of the DMS after work has started", new, "no"),
        ),
        _switch(
            "import_new_in_bulk",
            "--import-new-in-bulk/--no-import-new-in-bulk",
            help=_help("Let bulk refreshes import workorders that nobody searched for", new, "no"),
        ),
        _switch(
            "prices_include_vat",
            "--prices-include-vat/--prices-exclude-vat",
            help=_help("Whether prices of the DMS include VAT", new, "exclude"),
        ),
        _switch(
            "paused",
            "--paused/--no-paused",
            help=_help("Stop, or resume, all imports of the dealer", new, "no"),
        ),
    )


def bulk_options(*, new: bool) -> Decorator:
    """When bulk refreshes run, what they read, and how much Vinacles is asked for."""
    return together(_schedule_options(new), _limit_options(new))


def _schedule_options(new: bool) -> Decorator:
    often = f"How often all workorders are refreshed, or `{NEVER}`"
    begin = "When the dealer's scheduled refreshes begin, by its own clock"
    end = "When they end, also after midnight; the same as --refresh-from is all day"
    return together(
        click.option(
            "--refresh-every-minutes",
            callback=minutes,
            metavar="MINUTES",
            help=_help(often, new, _DEFAULTS["refresh_every_minutes"]),
        ),
        click.option(
            "--refresh-from", callback=time_of_day, metavar="HH:MM", help=_help(begin, new, "00:00")
        ),
        click.option("--refresh-until", callback=time_of_day, metavar="HH:MM", help=_help(end, new, "00:00")),
        _days("days_back", "Refresh appointments of so many days before today", new),
        _days("days_ahead", "Refresh appointments of so many days after today", new),
    )


def _limit_options(new: bool) -> Decorator:
    rate_limit = "The most that Vinacles is asked, by all workers together; 0.5 is one in 2 s"
    at_a_time = "The most requests under way at a time, of all workers together"
    return together(
        click.option(
            "--requests-per-second",
            type=float,
            callback=rate,
            metavar="NUMBER",
            help=_help(rate_limit, new, f"{_DEFAULTS['requests_per_second']:g}"),
        ),
        click.option(
            "--concurrent-requests",
            type=click.IntRange(1, 100),
            help=_help(at_a_time, new, _DEFAULTS["concurrent_requests"]),
        ),
    )


def _days(name: str, help: str, new: bool) -> Decorator:
    option = f"--{name.replace('_', '-')}"
    return click.option(option, type=click.IntRange(0, _MOST_DAYS), help=_help(help, new, _DEFAULTS[name]))


def _switch(name: str, *declared: str, help: str) -> Decorator:
    return click.option(name, *declared, default=None, help=help)


def _help(sentence: str, new: bool, default: object) -> str:
    """Only a new dealer gets the default; of an existing one what is left out stays."""
    return f"{sentence} [{default}]." if new else f"{sentence}."

"""Looking over everything between us and a dealer's workorders, from the name server to single columns."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from schemas import openapi
from schemas.dealer import Dealer
from schemas.drift import Drift, Kind
from schemas.vinacles import ENTITIES, WORKORDER, Entity
from worker.cli import findings, network
from worker.cli.findings import Finding, Level
from worker.cli.network import Host
from worker.deadline import Deadline
from worker.errors import (
    ConfigurationError,
    ErrorCode,
    TwoDriveError,
    VinaclesRefused,
    VinaclesUnavailable,
)
from worker.vinacles.probing import Probing, Status

#: For each question to Vinacles; a host that was scaled to zero wakes up in the course of one or two.
_SECONDS = 30
#: What Data API builder gives when we do not say how many.
_PAGE_ROWS = 100


class Inspection:
    """One look at one dealer. A failure stops only what cannot be right after it.

    `listed` are the differences of the OpenAPI document, None where there was none to be had, and `refused`
    the columns that could not be asked for though they are not listed as missing.
    """

    def __init__(
        self, dealer: Dealer, probing: Probing, ca_bundle: str | None, *, allow_private: bool
    ) -> None:
        self._dealer = dealer
        self._probing = probing
        self._ca_bundle = ca_bundle
        self._allow_private = allow_private
        self.refused: list[Drift] = []
        self.listed: tuple[Drift, ...] | None = None
        self._causes: dict[str, str] = {}
        self._skew_seconds: float | None = None

    def run(self) -> Iterator[Finding]:
        """The findings, as they are made. May be called once."""
        yield findings.of_pause(self._dealer.dealer_id, paused=self._dealer.paused)
        api = network.host_of(self._dealer.connection.base_url)
        login = network.host_of(self._dealer.connection.token_url)
        hosts = dict.fromkeys((api, login))
        for host in {host.name: host for host in hosts}.values():
            yield self._step(f"name {host.name}", partial(self._resolve, host))
        for host in hosts:
            yield self._step(f"connection {host}", partial(self._connect, host), f"name {host.name}")
        yield self._step("token", self._token, f"connection {login}")
        yield self._step("API", self._root, f"connection {api}")
        yield self._step("OpenAPI", self._openapi, "API", "token")
        for entity in ENTITIES:
            yield self._step(entity.name, partial(self._probe, entity), "API", "token")
        yield self._step("date filter", self._datetime_filter, "API", "token")
        yield self._step("page size", self._page_size, "API", "token")
        yield self._step("clock", lambda: findings.of_clock(self._skew_seconds), "API")

    def _step(self, check: str, look: Callable[[], Finding], *needs: str) -> Finding:
        """What `look` finds, unless something that it `needs` has failed."""
        cause = next((self._causes[need] for need in needs if need in self._causes), None)
        if cause is not None:
            self._causes[check] = cause
            return findings.skipped(check, cause)
        try:
            finding = look()
        except TwoDriveError as error:
            finding = findings.failed(check, error)
        if finding.level is Level.FAIL:
            self._causes[check] = check
        return finding

    def _resolve(self, host: Host) -> Finding:
        addresses = network.addresses(host, allow_private=self._allow_private)
        return findings.of_addresses(f"name {host.name}", addresses)

    def _connect(self, host: Host) -> Finding:
        check = f"connection {host}"
        try:
            ends = network.certificate_ends(host, self._ca_bundle, allow_private=self._allow_private)
        except ssl.SSLCertVerificationError as error:
            return findings.of_untrusted(check, error.verify_message)
        except OSError:
            return findings.of_no_connection(check)
        return findings.of_certificate(check, ends, datetime.now(UTC))

    def _token(self) -> Finding:
        self._probing.log_in(self._dealer, _patience())
        return Finding(Level.OK, "token", "the token URL accepts the login")

    def _root(self) -> Finding:
        try:
            status = self._probing.status(self._dealer, _patience())
        except VinaclesUnavailable:
            # It may be starting. Where it answers other questions and not this one, only this is hidden.
            if not self._answers():
                raise
            status = self._status_of_one_awake()
        if status is None:
            return findings.of_hidden_root()
        self._note(status.clock_skew_seconds)
        return findings.of_version(status.version)

    def _answers(self) -> bool:
        """Whether workorders can be asked for, once the host is up."""
        if "token" in self._causes:
            return False
        try:
            self._probing.probe(self._dealer, WORKORDER, _patience())
        except VinaclesRefused:
            return True
        except ConfigurationError as error:
            return error.code is ErrorCode.VINACLES_NOT_ALLOWED
        except TwoDriveError:
            return False
        return True

    def _status_of_one_awake(self) -> Status | None:
        try:
            return self._probing.status(self._dealer, _patience())
        except VinaclesUnavailable:
            return None

    def _openapi(self) -> Finding:
        try:
            document = self._probing.openapi(self._dealer, _patience())
        except VinaclesUnavailable:
            # `/` has shown, or the entities will, whether anybody is there.
            document = None
        self.listed = None if document is None else openapi.compare(document, ENTITIES)
        if self.listed is None:
            return findings.of_openapi(None)
        return findings.of_openapi([drift for drift in self.listed if drift.kind is not Kind.NEW_COLUMN])

    def _probe(self, entity: Entity) -> Finding:
        try:
            probed = self._probing.probe(self._dealer, entity, _patience())
        except (VinaclesRefused, ConfigurationError) as error:
            if error.code not in (ErrorCode.VINACLES_REFUSED, ErrorCode.VINACLES_NOT_ALLOWED):
                raise
            refused = self._probing.refused_columns(self._dealer, entity, _patience())
            if not refused:
                raise
            missing = {
                drift.column
                for drift in self.listed or ()
                if (drift.entity, drift.kind) == (entity.name, Kind.MISSING_COLUMN)
            }
            self.refused += [
                Drift(entity.name, column, Kind.UNREADABLE_COLUMN)
                for column in refused
                if column not in missing
            ]
            return findings.of_refused_columns(entity, refused)
        self._note(probed.clock_skew_seconds)
        return findings.of_probe(entity, has_rows=probed.has_rows)

    def _datetime_filter(self) -> Finding:
        works = self._probing.probe_datetime_filter(self._dealer, _patience())
        return findings.of_datetime_filter(works=works)

    def _page_size(self) -> Finding:
        given = self._probing.probe_page_size(self._dealer, _PAGE_ROWS, _patience())
        return findings.of_page_size(_PAGE_ROWS, given=given)

    def _note(self, skew_seconds: float | None) -> None:
        if skew_seconds is not None:
            self._skew_seconds = skew_seconds


def _patience() -> Deadline:
    return Deadline.after(_SECONDS)

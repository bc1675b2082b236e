"""Plays stories: people who ask, wait for answers and go on, all at the same time on one thread.

A story is a generator. It yields a `Pause`, or a list of questions that are sent at the same moment, and goes
on with their answers when the last of them is there.
"""

import json
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any

from celery import Celery
from celery.states import READY_STATES
from redis import Redis

from sandbox.day.clock import PlayedClock
from sandbox.day.records import Answer, Journal

#: As docs/backend.md has it: nobody took it by then; nobody answered it by then.
EXPIRES_SECONDS = 15
PATIENCE_SECONDS = 36
_BETWEEN_LOOKS_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Pause:
    minutes: float


@dataclass(frozen=True, slots=True)
class Ask:
    dealer_id: int
    task: str
    arguments: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return str(next(iter(self.arguments.values())))


Story = Generator[Pause | Sequence[Ask], list[Answer], None]


@dataclass(slots=True)
class _Sent:
    ask: Ask
    request_id: str
    minute: float
    wall: datetime
    gives_up_at: float


@dataclass(slots=True)
class _Waiting:
    """A story and the tasks whose answers it waits for, in the order of its questions."""

    story: Story
    tasks: list[str]
    answers: dict[str, Answer] = field(default_factory=dict)


class Player:
    def __init__(self, clock: PlayedClock, backend: Celery, answers: "Redis", journal: Journal) -> None:
        self.clock = clock
        self.journal = journal
        self._backend = backend
        self._answers = answers
        self._order = count()
        self._due: list[tuple[float, int, Story, list[Answer] | None]] = []
        self._waiting: dict[str, tuple[_Sent, _Waiting]] = {}

    def begin(self, minute: float, story: Story) -> None:
        heappush(self._due, (minute, next(self._order), story, None))

    def play(self) -> None:
        """Until every story has come to its end."""
        while self._due or self._waiting:
            while self._due and self._due[0][0] <= self.clock.minute():
                _, _, story, answers = heappop(self._due)
                self._go_on(story, answers)
            self._look()
            time.sleep(_BETWEEN_LOOKS_SECONDS)

    def _go_on(self, story: Story, answers: list[Answer] | None) -> None:
        try:
            step = next(story) if answers is None else story.send(answers)
        except StopIteration:
            return
        if isinstance(step, Pause):
            until = self.clock.minute() + step.minutes
            heappush(self._due, (until, next(self._order), story, []))
            return
        waiting = _Waiting(story, [])
        for ask in step:
            self._send(ask, waiting)

    def _send(self, ask: Ask, waiting: _Waiting) -> None:
        self.journal.asked += 1
        request_id = f"day-{self.journal.asked}"
        arguments = {"dealer_id": ask.dealer_id, **ask.arguments}
        if ask.task != "workorders.mark_started":
            arguments["request_id"] = request_id
        sent = _Sent(
            ask, request_id, self.clock.minute(), datetime.now(UTC), time.monotonic() + PATIENCE_SECONDS
        )
        task = self._backend.send_task(
            ask.task, kwargs=arguments, queue="interactive", expires=EXPIRES_SECONDS, kwargsrepr="{}"
        ).id
        waiting.tasks.append(task)
        self._waiting[task] = (sent, waiting)

    def _look(self) -> None:
        if not self._waiting:
            return
        tasks = list(self._waiting)
        found = self._answers.mget([f"celery-task-meta-{task}" for task in tasks])
        for task, meta in zip(tasks, found, strict=True):
            sent, waiting = self._waiting[task]
            # One that rests, its dealer having its share of the threads, is told as RETRY meanwhile.
            if meta is not None and (told := json.loads(meta))["status"] in READY_STATES:
                self._answered(task, answer_of(sent, told), waiting)
            elif time.monotonic() > sent.gives_up_at:
                self._answered(task, _answer(sent, PATIENCE_SECONDS, "no_answer", failed=True), waiting)

    def _answered(self, task: str, answer: Answer, waiting: _Waiting) -> None:
        del self._waiting[task]
        self.journal.answers.append(answer)
        waiting.answers[task] = answer
        if len(waiting.answers) == len(waiting.tasks):
            self._go_on(waiting.story, [waiting.answers[each] for each in waiting.tasks])


def answer_of(sent: _Sent, meta: Mapping[str, Any]) -> Answer:
    """What Celery stored of a task, as an answer."""
    done = datetime.fromisoformat(meta["date_done"])
    done = done if done.tzinfo else done.replace(tzinfo=UTC)
    seconds = max(0.0, (done - sent.wall).total_seconds())
    result = meta["result"]
    if meta["status"] == "SUCCESS":
        return _answer(sent, seconds, _code(result), failed=False, result=result)
    if meta["status"] == "REVOKED":
        return _answer(sent, seconds, "not_taken", failed=True)
    return _answer(sent, seconds, str(result["exc_message"][0]), failed=True)


def _code(result: Mapping[str, Any]) -> str:
    """The outcome of a search or refresh, the first verdict of a why, the state of a start."""
    if "workorders" in result:
        return str(result["workorders"][0]["outcome"])
    return str(result["findings"][0]["verdict"] if "findings" in result else result["state"])


def _answer(
    sent: _Sent, seconds: float, code: str, *, failed: bool, result: Mapping[str, Any] | None = None
) -> Answer:
    ask = sent.ask
    return Answer(
        sent.request_id,
        ask.dealer_id,
        ask.task,
        ask.subject,
        sent.minute,
        seconds,
        code,
        failed,
        result or {},
    )

"""Requests of HTTP libraries without a limit on their time."""

from __future__ import annotations

import pytest

from poollint.api import check_text

TASKS = {
    "@job('default')": ("from django_rq import job", "info"),
    "@rq.job": ("from rq import job\nimport rq", "info"),
    "@job('default', timeout=-1)": ("from rq.decorators import job", "warning"),
    "@job('default', timeout='1h')": ("from rq.decorators import job", "info"),
    "@job('nightly')": ("from scheduling import job", "warning"),
    "@shared_task": ("from celery import shared_task", "warning"),
    "@app.task(bind=True, soft_time_limit=60)": ("from worker import app", "info"),
    "@app.task(time_limit=None)": ("from worker import app", "warning"),
}
CALLS = {
    "requests.post(url)": "http-no-timeout",
    "requests.post(url, timeout=None)": "http-no-timeout",
    "with requests.Session() as session:\n        session.post(url)": "session-no-timeout",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("decorator", TASKS)
def test_wait_ends_with_the_time_limit_of_its_task(decorator: str, call: str) -> None:
    imported, severity = TASKS[decorator]
    source = f"import requests\n{imported}\n\n\n{decorator}\ndef notify(url):\n    {call}\n"
    found = [each for each in check_text(source, "jobs.py") if each.name == CALLS[call]]
    assert [each.severity for each in found] == [severity]
    assert ("for ever" in found[0].message) is (severity == "warning")


def test_read_time_of_a_job_has_an_end() -> None:
    source = "import requests\nfrom rq.decorators import job\n\n\n@job('default')\ndef notify(url):\n    {}\n"
    whole = check_text(source.format("requests.post(url, timeout=(3, None))"), "jobs.py")
    assert not [each for each in whole if each.name == "http-no-timeout"]


def test_session_of_the_module_in_a_job() -> None:
    source = (
        "import requests\nfrom rq.decorators import job\n\nsession = requests.Session()\n\n\n"
        "@job('default')\ndef notify(url):\n    session.post(url)\n\n\ndef show(url):\n    return session.get(url)\n"
    )
    found = [each for each in check_text(source, "jobs.py") if each.name == "session-no-timeout"]
    assert [each.severity for each in found] == ["info", "warning"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("class Report(JobRunner):", False),
        ("class Report(base.CronJob, Logged):", False),
        ("class Report(Client):", True),
        ("class Report:", True),
        ("class Other(JobRunner):\n    pass\n\n\nclass Report(Client):", True),
    ],
)
def test_a_class_of_jobs_may_be_ended_by_its_runner(head: str, *, expected: bool) -> None:
    text = f"import requests\n\n\n{head}\n    def run(self):\n        return requests.get('https://example.org/')\n"
    assert ("PYP030" in {each.code for each in check_text(text, "app/report.py")}) == expected

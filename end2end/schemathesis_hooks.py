"""Keeps what Schemathesis asks to be measured short.

A run may be a hundred launches of a hundred thousand tokens of sixteen variants,
and sixteen may wait. A field within its bounds becomes small, one that must be refused stays; a
started run is ended at once; and only the first runs that are waited for are
measured, the others name a model that there is not.
"""

import itertools

import requests
import schemathesis

# What a field becomes, and the most that it may be.
FIELDS = {
    "iterations": (1, 100),
    "max_tokens": (2, 100_000),
    "n_ctx": (512, 1 << 20),
    "n_batch": (64, 1 << 16),
    "n_ubatch": (1, 1 << 16),
    "warm_ups": (0, 10),
    "quality_chunks": (1, 1000),
}
FIELDS_OF_NOISE = FIELDS | {"iterations": (10, 100)}
NOISE = "/api/noise"
STARTED = ("/api/runs", NOISE)
WAITED_FOR = (
    "/api/benchmark/baseline",
    "/api/benchmark/quantization",
    "/api/benchmark/pruning",
)
MEASURED_AT_MOST = 20

n_waited_for = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    path, body = case.operation.path, case.body
    if case.method.upper() != "POST" or path not in STARTED + WAITED_FOR or not isinstance(body, dict):
        return
    for field, (small, most) in (FIELDS_OF_NOISE if path == NOISE else FIELDS).items():
        value = body.get(field, small)
        body[field] = small if type(value) is int and small < value <= most else value
    if path in WAITED_FOR and next(n_waited_for) > MEASURED_AT_MOST:
        body.setdefault("model", "no-such-model")


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() == "POST" and case.operation.path in STARTED and response.status_code == 200:
        sent = response.request
        requests.post(
            sent.url.split("/api/")[0] + "/api/runs/cancel",
            json={"id": response.json()["id"]},
            headers={"Host": sent.headers["Host"]},
            timeout=20,
        ).raise_for_status()

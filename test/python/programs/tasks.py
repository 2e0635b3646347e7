"""One task for every way in which a Hatchet task can end, and one that calls; names say which."""

import asyncio
import os
import time
from datetime import timedelta
from typing import Any

import httpx
import requests
from hatchet_sdk import Context, DurableContext, EmptyModel, Hatchet, NonRetryableException

hatchet = Hatchet()
SITE = os.environ.get("SITE_URL", "")


@hatchet.task(name="ok")
async def ok(input: EmptyModel, ctx: Context) -> dict[str, str]:
    return {"said": "done"}


@hatchet.task(name="throws")
async def throws(input: EmptyModel, ctx: Context) -> dict[str, str]:
    raise ValueError("no such invoice")


@hatchet.task(name="gives-up", retries=3)
async def gives_up(input: EmptyModel, ctx: Context) -> dict[str, str]:
    raise NonRetryableException("the account is closed")


@hatchet.task(name="flaky", retries=3)
def flaky(input: EmptyModel, ctx: Context) -> dict[str, int]:
    if ctx.retry_count < 2:
        raise RuntimeError(f"attempt {ctx.retry_count} failed")
    return {"attempt": ctx.retry_count}


@hatchet.task(name="sleeper", execution_timeout=timedelta(minutes=5))
async def sleeper(input: EmptyModel, ctx: Context) -> dict[str, str]:
    await asyncio.sleep(300)
    return {}


@hatchet.task(name="blocking-sleeper", execution_timeout=timedelta(minutes=5))
def blocking_sleeper(input: EmptyModel, ctx: Context) -> dict[str, str]:
    """A task that is not async runs on a thread; it learns of its cancellation by asking."""
    while not ctx.is_cancelled:
        time.sleep(0.01)
    return {"said": "stopped by itself"}


@hatchet.task(name="calls-then-sleeps", execution_timeout=timedelta(minutes=5))
async def calls_then_sleeps(input: EmptyModel, ctx: Context) -> dict[str, str]:
    async with httpx.AsyncClient() as client:
        await client.get(f"{SITE}/started")
    await asyncio.sleep(300)
    return {}


@hatchet.task(name="cancels-itself")
async def cancels_itself(input: EmptyModel, ctx: Context) -> dict[str, str]:
    await ctx.aio_cancel()
    return {"said": "unseen"}


@hatchet.task(name="too-slow", execution_timeout=timedelta(seconds=1), retries=1)
async def too_slow(input: EmptyModel, ctx: Context) -> dict[str, str]:
    if ctx.retry_count == 0:
        await asyncio.sleep(300)
    return {"said": "the second time in time"}


@hatchet.task(name="returns-text")
async def returns_text(input: EmptyModel, ctx: Context) -> Any:
    return "not an object"


@hatchet.task(name="calls-http")
def calls_http(input: EmptyModel, ctx: Context) -> dict[str, int]:
    return {"status": requests.get(f"{SITE}/invoices/42?token=secret", timeout=10).status_code}


@hatchet.task(name="calls-http-async")
async def calls_http_async(input: EmptyModel, ctx: Context) -> dict[str, list[int]]:
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(client.post(f"{SITE}/orders"), client.get(f"{SITE}/missing"))
    return {"statuses": [answer.status_code for answer in answers]}


@hatchet.task(name="parent")
async def parent(input: EmptyModel, ctx: Context) -> dict[str, Any]:
    return {"child": await ok.aio_run(input)}


@hatchet.task(name="bulk-parent")
async def bulk_parent(input: EmptyModel, ctx: Context) -> dict[str, int]:
    children = await calls_http.aio_run_many([calls_http.create_bulk_run_item() for _ in range(3)])
    return {"children": len(children)}


@hatchet.durable_task(name="durable")
async def durable(input: EmptyModel, ctx: DurableContext) -> dict[str, str]:
    await ctx.aio_sleep_for(timedelta(seconds=1))
    return {"said": "woken"}


dag = hatchet.workflow(name="Dag")


@dag.task(name="Extract")
async def extract(input: EmptyModel, ctx: Context) -> dict[str, int]:
    return {"rows": 3}


@dag.task(name="Load", parents=[extract])
async def load(input: EmptyModel, ctx: Context) -> dict[str, int]:
    return {"loaded": ctx.task_output(extract)["rows"]}


TASKS = [
    ok,
    throws,
    gives_up,
    flaky,
    sleeper,
    blocking_sleeper,
    calls_then_sleeps,
    cancels_itself,
    too_slow,
    returns_text,
    calls_http,
    calls_http_async,
    parent,
    bulk_parent,
    durable,
    dag,
]

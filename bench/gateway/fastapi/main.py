"""Cached answers to persisted queries as a good Python service gives them: results in Redis, keyed by the version of the data that they hold for.

The newest version is told by pub/sub and held in memory, so a request costs one GET of Redis; a 304 costs none. ANSWER is what a resolver would
have computed, REDIS_URL where it is kept.
"""

import asyncio
import hashlib
import os
from contextlib import asynccontextmanager
from typing import Annotated

import orjson
from fastapi import FastAPI, Header, Request, Response
from redis.asyncio import Redis

PREFIX = "bench-fastapi"
PUBLISHED = f"{PREFIX}:published"
ANSWER = orjson.loads(os.environ["ANSWER"])
HEADERS = {"cache-control": "no-cache", "vary": "accept, authorization"}


class Known:
    """What this process holds in memory."""

    def __init__(self) -> None:
        self.version = 0
        self.documents: dict[str, str] = {}
        self.computing: dict[str, asyncio.Task[bytes]] = {}


async def follow(redis: Redis, known: Known) -> None:
    """Keeps the version of the data up to date for as long as the process lives."""
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(PUBLISHED)
        known.version = int(await redis.get(PUBLISHED) or 0)
        async for message in pubsub.listen():
            if message["type"] == "message":
                known.version = max(known.version, int(message["data"]))


@asynccontextmanager
async def lifespan(app: FastAPI):
    redis = Redis.from_url(os.environ["REDIS_URL"])
    app.state.redis, app.state.known = redis, Known()
    following = asyncio.create_task(follow(redis, app.state.known))
    yield
    following.cancel()
    await redis.aclose()


app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)


async def document_of(redis: Redis, known: Known, sha256: str, query: str | None) -> str | None:
    """The document with this hash: from memory, from the request, which registers it, or from Redis."""
    document = known.documents.get(sha256)
    if document is None and query is not None:
        if hashlib.sha256(query.encode()).hexdigest() == sha256:
            document = query
            await redis.set(f"{PREFIX}:document:{sha256}", query)
    elif document is None:
        kept = await redis.get(f"{PREFIX}:document:{sha256}")
        document = None if kept is None else kept.decode()
    if document is not None:
        known.documents[sha256] = document
    return document


async def compute(redis: Redis, key: str) -> bytes:
    """The answer, which is kept for the next."""
    body = orjson.dumps({"data": {"p90": ANSWER}})
    await redis.set(key, body, ex=3600)
    return body


@app.get("/graphql")
async def graphql(
    request: Request,
    extensions: str,
    variables: str = "{}",
    query: str | None = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    redis, known = request.app.state.redis, request.app.state.known
    sha256 = orjson.loads(extensions)["persistedQuery"]["sha256Hash"]
    if await document_of(redis, known, sha256, query) is None:
        return Response(
            b'{"errors":[{"message":"PersistedQueryNotFound"}]}', media_type="application/json"
        )
    asked = orjson.dumps(orjson.loads(variables), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(asked, digest_size=16).hexdigest()
    etag = f'"{known.version}-{digest}"'
    headers = {**HEADERS, "etag": etag}
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    key = f"{PREFIX}:result:{known.version}:{sha256}:{digest}"
    body = await redis.get(key)
    if body is None:
        task = known.computing.get(key)
        if task is None:
            task = known.computing[key] = asyncio.create_task(compute(redis, key))
            task.add_done_callback(lambda _: known.computing.pop(key, None))
        body = await task
    return Response(body, media_type="application/json", headers=headers)

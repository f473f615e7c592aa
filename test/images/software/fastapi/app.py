"""The smallest application of FastAPI."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root():
    return "ok"

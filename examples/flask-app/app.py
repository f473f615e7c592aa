"""A small web service that shows its probes at work.

It is alive at once, ready after a warm-up, and can be told to break and to recover, so that one can watch the kubelet
take it out of rotation and restart it. Its state is that of one process: run it with one worker.
"""

import time

from flask import Flask

WARM_UP_SECONDS = 10


def create_app(clock=time.monotonic):
    """Make the application. The clock is a parameter so that tests need not wait."""
    app = Flask(__name__)
    started = clock()
    health = {"broken": False}

    @app.get("/")
    def hello():
        return "Hello from flask-app.\n"

    @app.get("/healthz")
    def healthz():
        """Liveness: whether a restart would help. It asks nothing outside of this process."""
        if health["broken"]:
            return "broken\n", 500
        return "ok\n"

    @app.get("/readyz")
    def readyz():
        """Readiness: whether requests can be served now."""
        remaining = WARM_UP_SECONDS - (clock() - started)
        if remaining > 0:
            return f"warming up, {remaining:.0f} s to go\n", 503
        return "ready\n"

    # By GET too, so that a browser will do.
    @app.route("/break", methods=["GET", "POST"])
    def break_():
        health["broken"] = True
        return "/healthz fails from now on\n"

    @app.route("/fix", methods=["GET", "POST"])
    def fix():
        health["broken"] = False
        return "/healthz succeeds again\n"

    return app

"""Tests of app.py: python3 -m unittest, in this folder."""

import unittest

import app


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class AppTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.client = app.create_app(self.clock).test_client()

    def status(self, path):
        return self.client.get(path).status_code

    def test_says_hello(self):
        response = self.client.get("/")
        self.assertEqual(response.status_code, 200)
        self.assertIn("Hello", response.text)

    def test_is_alive_before_it_is_ready(self):
        self.assertEqual(self.status("/healthz"), 200)
        self.assertEqual(self.status("/readyz"), 503)

    def test_is_ready_after_the_warm_up_and_not_before(self):
        self.clock.now += app.WARM_UP_SECONDS - 0.1
        self.assertEqual(self.status("/readyz"), 503)
        self.clock.now += 0.1
        self.assertEqual(self.status("/readyz"), 200)

    def test_breaks_and_recovers_on_request(self):
        self.assertEqual(self.client.post("/break").status_code, 200)
        self.assertEqual(self.status("/healthz"), 500)
        self.assertEqual(self.status("/"), 200)
        self.assertEqual(self.client.post("/fix").status_code, 200)
        self.assertEqual(self.status("/healthz"), 200)

    def test_a_browser_will_do(self):
        self.assertEqual(self.status("/break"), 200)
        self.assertEqual(self.status("/healthz"), 500)
        self.assertEqual(self.status("/fix"), 200)
        self.assertEqual(self.status("/healthz"), 200)

    def test_each_process_has_its_own_state(self):
        self.client.post("/break")
        other = app.create_app(self.clock).test_client()
        self.assertEqual(other.get("/healthz").status_code, 200)


if __name__ == "__main__":
    unittest.main()

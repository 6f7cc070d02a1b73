"""What the simulated fleet knows of the requests it answered: its truth page, read over its own address."""
import json
import time
import urllib.parse
import urllib.request

SETTLED_WITHIN_S = 60


class Fleet:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def requests(self, request_id):
        """Every request that carried this id, retries too, oldest first."""
        query = urllib.parse.urlencode({"id": request_id})
        with urllib.request.urlopen(f"{self.url}/sim/truth?{query}") as page:
            return json.load(page)["requests"]

    def received(self, request_id):
        """All text of the newest request with this id, with no escape left in it."""
        query = urllib.parse.urlencode({"id": request_id})
        with urllib.request.urlopen(f"{self.url}/sim/last-request?{query}") as page:
            return json.dumps(json.load(page), ensure_ascii=False)

    def settled(self, request_id, count=1):
        """The same, once there are `count` of them and each has ended."""
        until = time.monotonic() + SETTLED_WITHIN_S
        while True:
            found = self.requests(request_id)
            if len(found) >= count and all(request["outcome"] != "running" for request in found):
                return found
            if time.monotonic() > until:
                raise AssertionError(f"the fleet has {len(found)} of {count} ended requests with id {request_id}")
            time.sleep(0.02)

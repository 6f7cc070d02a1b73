"""PENSTOCK_URL: the proxy (or the fleet itself) that requests go to. PENSTOCK_SIM: the fleet behind it, where not the same."""
import os
import uuid

import pytest

from fleet import Fleet


@pytest.fixture(scope="session")
def url():
    address = os.environ.get("PENSTOCK_URL")
    if not address:
        pytest.skip("PENSTOCK_URL is not set: no proxy to test")
    return address


@pytest.fixture(scope="session")
def fleet(url):
    return Fleet(os.environ.get("PENSTOCK_SIM") or url)


@pytest.fixture
def request_id():
    return f"test-{uuid.uuid4()}"

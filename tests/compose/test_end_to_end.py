"""The end-to-end suite, against containers: the same tests, with this folder's `stack`."""

from tests.e2e.test_client import *
from tests.e2e.test_demo import *
from tests.e2e.test_fire_brigade_demo import *
from tests.e2e.test_loop import *
from tests.e2e.test_papers import *
from tests.e2e.test_resilience import *

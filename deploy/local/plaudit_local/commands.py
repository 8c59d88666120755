"""The verbs besides `up`."""

import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from plaudit_local import kafka, postgres
from plaudit_local.endpoints import text
from plaudit_local.layout import Layout, read_json
from plaudit_local.locks import holder, wait_released
from plaudit_local.managed import READY_PATH, answers_ready
from plaudit_local.plan import Plan

STOP_SECONDS = 60.0
KILLED_SECONDS = 40.0

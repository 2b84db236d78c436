# Copyright 2026 dxl_port_driver maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The wall clock of a single process, in the test's hand; the machine's own is never set."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
import shutil
import struct
import subprocess

import pytest

# Stands between a program and libc. Who waits until a time of the wall clock has computed it by
# the shifted clock, and the kernel waits by its own: so it is shifted back on the way.
_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

static volatile int64_t *shift;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SHIFTED_CLOCK");
  int fd = path ? open(path, O_RDONLY) : -1;
  if (fd < 0) return;
  void *at = mmap(0, 8, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) shift = at;
}

static int64_t shifted_by(void) { return shift ? *shift : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += shifted_by();
  return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int failed = syscall(SYS_gettimeofday, now, zone);
  if (!failed && now) now->tv_sec += shifted_by();
  return failed;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

/* Only times of the wall clock are that large. */
static struct timespec real(const struct timespec *until) {
  struct timespec result = *until;
  if (result.tv_sec > 1000000000) result.tv_sec -= shifted_by();
  return result;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                           const struct timespec *restrict until) {
  struct timespec at = real(until);
  static __typeof__(&pthread_cond_timedwait) next;
  if (!next) next = (__typeof__(next))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!next) next = NEXT(pthread_cond_timedwait);
  return next(c, m, &at);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict until) {
  struct timespec at = real(until);
  return NEXT(pthread_mutex_timedlock)(m, &at);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until) {
  struct timespec at = real(until);
  return NEXT(sem_timedwait)(s, &at);
}
"""


class ShiftedClock:
    """
    The wall clock of each process that is started with :attr:`environment`.

    :param folder: where the library and the shift are kept.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which('cc') or shutil.which('gcc')
        if compiler is None:
            pytest.skip('there is no C compiler (cc)')
        source, library, shift = (
            folder / name for name in ('clock.c', 'libclock.so', 'clock_shift')
        )
        source.write_text(_SOURCE)
        subprocess.run(
            [compiler, '-shared', '-fPIC', '-O1', '-o', str(library), str(source), '-ldl'],
            check=True,
        )
        shift.write_bytes(bytes(8))
        self.environment = {'LD_PRELOAD': str(library), 'SHIFTED_CLOCK': str(shift)}
        with shift.open('r+b') as file:
            self._shift = mmap.mmap(file.fileno(), 8)

    def shift(self, seconds: int) -> None:
        """Let the wall clock be so many seconds ahead of the machine's."""
        self._shift[:] = struct.pack('q', seconds)

    def close(self) -> None:
        """Give back what is held."""
        self._shift.close()


def wall_time_s(environment: dict[str, str]) -> float:
    """Give the wall clock as a process with this environment sees it, s."""
    python = ['python3', '-S', '-c', 'import time; print(time.time())']
    done = subprocess.run(
        python, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return float(done.stdout)

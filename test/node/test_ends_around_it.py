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

"""The terminal, the parent, the namespace of the driver: what ends around it ends it in order."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import pty
import shutil
import signal
import subprocess
import sys
import termios

import pytest
from ros_support.graph import eventually, RemoteDriver
from ros_support.wire import ping

STOP = ping(9)
MODULE = ('-m', 'dxl_port_driver.node.main', '--ros-args')


@pytest.fixture
def arguments(wire):
    """Give the command line of a driver that has stop packets for the wire."""
    return [
        *(sys.executable, *MODULE, '-p', f'port_name:={wire.path}', '-p', 'autostart:=true'),
        *('-p', f'stop_packets:=[{STOP.hex()!r}]'),
    ]


@pytest.fixture
def environment(domain):
    return {**os.environ, 'ROS_DOMAIN_ID': str(domain.id)}


@pytest.fixture
def run(environment):
    """Give a way to start processes that are killed, if they live, when the test is over."""
    started = []

    def run(*command, **options):
        process = subprocess.Popen(command, env=environment, **options)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def is_over(pid):
    try:
        with open(f'/proc/{pid}/stat') as stat:
            return stat.read().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True


@pytest.mark.parametrize('in_a_shell', [False, True], ids=['by itself', 'in a shell'])
def test_a_terminal_is_closed(run, graph, wire, arguments, in_a_shell):
    terminal, inside = pty.openpty()
    command = ['/bin/sh', '-c', '"$@"; true', 'sh', *arguments] if in_a_shell else arguments

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = run(*command, stdin=inside, stdout=inside, stderr=inside, preexec_fn=take_terminal)
    os.close(inside)
    driver = RemoteDriver(graph)
    eventually(lambda: driver.state == 'active')
    # Nothing that it prints from now on gets anywhere: to print is an I/O error.
    os.close(terminal)
    wire.wait_for(STOP)
    status = process.wait(20)
    assert status == (-signal.SIGHUP if in_a_shell else 0)


def test_what_reads_its_log_is_gone(run, graph, wire, arguments):
    reader, writer = os.pipe()
    process = run(*arguments, stdout=writer, stderr=writer)
    os.close(writer)
    driver = RemoteDriver(graph)
    eventually(lambda: driver.state == 'active')
    os.close(reader)
    process.send_signal(signal.SIGTERM)
    wire.wait_for(STOP)
    assert process.wait(20) == 0


def test_under_nohup_it_outlives_its_terminal(run, graph, wire, arguments):
    process = run(
        shutil.which('nohup'),
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    driver = RemoteDriver(graph)
    eventually(lambda: driver.state == 'active')
    process.send_signal(signal.SIGHUP)
    assert driver.change_state('deactivate')
    assert driver.change_state('activate')
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_its_parent_ends(run, graph, wire, arguments, number):
    script = (
        'import subprocess, sys; child = subprocess.Popen(sys.argv[1:]); '
        'print(child.pid, flush=True); child.wait()'
    )
    parent = run(
        *(sys.executable, '-c', script, *arguments, '-p', 'stop_with_parent:=true'),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    pid = int(parent.stdout.readline())
    driver = RemoteDriver(graph)
    eventually(lambda: driver.state == 'active')
    parent.send_signal(number)
    parent.wait()
    wire.wait_for(STOP)
    eventually(lambda: is_over(pid))
    parent.stdout.close()


def test_its_parent_had_ended_before_it_looked(run, arguments, tmp_path):
    """The parent ends while ROS is still being loaded."""
    log, has_begun = tmp_path / 'log', tmp_path / 'has_begun'
    parent = (
        'import os, subprocess, sys, time; child = subprocess.Popen(sys.argv[2:]); '
        'print(child.pid, flush=True); '
        'exec("while not os.path.exists(sys.argv[1]): time.sleep(0.01)")'
    )
    child = (
        'import os, pathlib, sys, time; parent = os.getppid(); import dxl_port_driver.node; '
        f'pathlib.Path({str(has_begun)!r}).touch(); '
        'exec("while os.getppid() == parent: time.sleep(0.01)"); '
        'from dxl_port_driver.node.main import main; sys.exit(main())'
    )
    with log.open('w') as out:
        process = run(
            *(sys.executable, '-c', parent, str(has_begun), sys.executable, '-c', child),
            *(*arguments[3:], '-p', 'stop_with_parent:=true'),
            stdout=subprocess.PIPE,
            stderr=out,
        )
    pid = int(process.stdout.readline())
    process.wait()
    process.stdout.close()
    eventually(lambda: is_over(pid))
    assert 'the end of its parent process' in log.read_text()


def test_as_the_first_process_of_a_container(run, graph, wire, arguments):
    """No signal without a handler reaches process 1, so it needs one for each."""
    unshare = shutil.which('unshare')
    namespaces = (unshare, '--pid', '--fork', '--user', '--map-root-user', '--kill-child')
    if unshare is None or subprocess.run([*namespaces, 'true'], check=False).returncode:
        pytest.skip('unshare with a PID namespace is not possible here')
    container = run(*namespaces, *arguments, stderr=subprocess.DEVNULL)
    driver = RemoteDriver(graph)
    eventually(lambda: driver.state == 'active')
    children = Path(f'/proc/{container.pid}/task/{container.pid}/children')
    (pid,) = children.read_text().split()
    os.kill(int(pid), signal.SIGTERM)
    wire.wait_for(STOP)
    assert container.wait(20) == 0

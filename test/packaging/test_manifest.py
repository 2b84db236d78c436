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

"""package.xml, against what the sources import."""

import ast
from collections.abc import Iterator
from pathlib import Path
import sys
import xml.etree.ElementTree as ElementTree

import pytest

ROOT = Path(__file__).parents[2]
# rosdep's key, where it is not the name of the module.
ROSDEP_KEYS = {
    'click': 'python3-click',
    'hypothesis': 'python3-hypothesis',
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'pytest': 'python3-pytest',
    'rich': 'python3-rich',
    'serial': 'python3-serial',
    'yaml': 'python3-yaml',
}
# rosdep has no key for it; tests that need it skip where it is not installed.
NOT_IN_ROSDEP = {'dynamixel_sdk'}
OURS = {'dxl_port_driver', 'tools'}
AT_RUN_TIME = {'depend', 'exec_depend'}


def _dependencies(package: str, kinds: set[str]) -> set[str]:
    tree = ElementTree.parse(ROOT / package / 'package.xml')
    return {str(entry.text) for entry in tree.getroot() if entry.tag in kinds}


def _imported(folders: list[str]) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob('*.py')):
            for node in _run_nodes(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    yield from ((alias.name.partition('.')[0], path) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition('.')[0], path


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        # What only a type checker reads is needed nowhere else.
        only_checked = isinstance(child, ast.If) and ast.unparse(child.test) == 'TYPE_CHECKING'
        if not only_checked:
            yield child
            yield from _run_nodes(child)


def _missing(folders: list[str], named: set[str]) -> set[str]:
    of_the_tests = {path.stem for path in (ROOT / 'test').rglob('*')}
    known = sys.stdlib_module_names | OURS | of_the_tests | NOT_IN_ROSDEP
    return {
        f'{module} ({path.relative_to(ROOT)})'
        for module, path in _imported(folders)
        if module not in known and ROSDEP_KEYS.get(module, module) not in named
    }


@pytest.mark.parametrize('package', ['.', 'dxl_port_interfaces'])
def test_manifest_is_valid_format_3(package: str) -> None:
    catkin_package = pytest.importorskip('catkin_pkg.package')
    parsed = catkin_package.parse_package(str(ROOT / package), warnings=(warnings := []))
    assert parsed.package_format == 3
    assert parsed.licenses == ['Apache-2.0']
    assert warnings == []


def test_both_packages_have_the_same_version() -> None:
    versions = {
        ElementTree.parse(ROOT / package / 'package.xml').findtext('version')
        for package in ('.', 'dxl_port_interfaces')
    }
    assert len(versions) == 1
    assert f"version='{versions.pop()}'" in (ROOT / 'setup.py').read_text()


def test_every_module_that_the_package_imports_is_named() -> None:
    assert not _missing(['dxl_port_driver', 'launch'], _dependencies('.', AT_RUN_TIME))


def test_every_module_that_the_tests_import_is_named() -> None:
    assert not _missing(['test'], _dependencies('.', AT_RUN_TIME | {'test_depend'}))


def test_interfaces_name_every_package_that_their_fields_come_from() -> None:
    named = _dependencies('dxl_port_interfaces', {'depend'})
    used = {
        line.split('/')[0]
        for path in (ROOT / 'dxl_port_interfaces').rglob('*.[ms][sr][gv]')
        for line in path.read_text().splitlines()
        if '/' in line.partition('#')[0]
    }
    assert used == named

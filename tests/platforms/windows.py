"""Runs tests under CPython for Windows, by Wine. See `prepare` for where the parts of that Python come from."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.platforms.tools import ROOT, CannotRunError, need_packages, plain_environment, python_version, run, uv

DEBIAN = ("wine64", "wine", "gcc-mingw-w64-x86-64")
COMPILER, OBJDUMP = "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-objdump"
WINE = Path("/usr/lib/wine/wine64")
DLLS = "panda3d==1.10.16"
"""A wheel that carries Python's DLLs for Windows: there is no package of them alone that pip can install."""

TEST_NEEDS = ("pytest", "pytest-timeout", "hypothesis", "jsonschema", "cryptography")
TEST_SECONDS = 900  # the state machine of test_machine.py takes minutes there; a test that hangs ends the run
LIMITS = {
    "tests/test_budget.py::test_orders_at_the_same_time_wait_for_the_first_answer_of_their_kind": (
        "Wine's threads are so slow that five seconds of the virtual clock pass before the first answer"
    ),
}
"""Tests that are left out under Wine, and why. On Windows itself they run."""

_PYTHON = """
#include <windows.h>
typedef int (*entry)(int, wchar_t **);
int wmain(int count, wchar_t **words) {
  HMODULE python = LoadLibraryW(L"python%s.dll");
  entry start = python ? (entry)(void *)GetProcAddress(python, "Py_Main") : NULL;
  return start ? start(count, words) : 99;
}
"""
# Wine 8 does not have this function, which libraries written in Rust ask for random numbers.
_RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T count) { return SystemFunction036(to, (ULONG)count); }
"""
_EMPTY_DLL = "int DllMainCRTStartup(void *dll, unsigned why, void *more) { return 1; }\n"
# Wine 8 announces this function, and does not have it.
_START = 'import _winapi\n\nif hasattr(_winapi, "CopyFile2"):\n    del _winapi.CopyFile2\n'
_LEFT_OUT = ("api-ms-", "tcl", "tk", "_tkinter", "_wmi", "python3.dll")


@dataclass(frozen=True, slots=True)
class Windows:
    """A Windows drive in the folder `work`, with Python in C:\\python and this project's tests in C:\\main."""

    work: Path

    @property
    def drive(self) -> Path:
        return self.work / "prefix" / "drive_c"

    @property
    def python(self) -> Path:
        return self.drive / "python"

    @property
    def packages(self) -> Path:
        return self.python / "Lib" / "site-packages"

    @property
    def environment(self) -> dict[str, str]:
        quiet = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
        return {**plain_environment(), "WINEPREFIX": str(self.work / "prefix"), **quiet}

    def prepare(self) -> None:
        """Make the drive, if it is not there, and install this project. Raises CannotRunError."""
        need_packages(WINE.exists() and shutil.which(COMPILER) is not None, *DEBIAN)
        if not (self.packages / "sitecustomize.py").exists():
            self.work.mkdir(parents=True, exist_ok=True)
            run([str(WINE), "wineboot", "-i"], env=self.environment)
            self._libraries()
            self._programs()
            (self.packages / "sitecustomize.py").write_text(_START, encoding="utf-8")
        self._project()

    def _libraries(self) -> None:
        """Python's DLLs from a wheel for Windows, and the standard library from this very Python."""
        self._install("--no-deps", DLLS, into=self.work / "dlls")
        (self.python / "DLLs").mkdir(parents=True)
        found = list((self.work / "dlls" / "deploy_libs").iterdir())
        for path in found:
            if not path.name.lower().startswith(_LEFT_OUT) and not path.name.endswith("t-win_amd64.pyd"):
                beside = path.name.lower().startswith(("python", "vcruntime"))
                shutil.copy(path, self.python / path.name if beside else self.python / "DLLs" / path.name)
        if not (self.python / self._dll).exists():
            raise CannotRunError(f"{DLLS} does not carry {self._dll}")
        without = shutil.ignore_patterns("site-packages", "dist-packages", "test", "lib-dynload", "__pycache__")
        shutil.copytree(sysconfig.get_path("stdlib"), self.python / "Lib", ignore=without)
        self.packages.mkdir()

    @property
    def _dll(self) -> str:
        return f"python{python_version().replace('.', '')}.dll"

    def _programs(self) -> None:
        """python.exe; python3.dll, which forwards to the DLL of this version; and what Wine lacks."""
        self._compile(_PYTHON % python_version().replace(".", ""), self.python / "python.exe", "-municode")
        system = self.drive / "windows" / "system32" / "bcryptprimitives.dll"
        self._compile(_RANDOM, system, "-shared", more=("-ladvapi32",))
        table = run([OBJDUMP, "-p", str(self.python / self._dll)]).partition("[Ordinal/Name Pointer] Table")[2]
        lines = table.split("\n\n")[0].splitlines()[1:]
        names = [line.split()[-1] for line in lines if "[" in line]
        forward = [f"  {name} = {self._dll.removesuffix('.dll')}.{name}" for name in names]
        exports = self.work / "python3.def"
        exports.write_text("\n".join(['LIBRARY "python3.dll"', "EXPORTS", *forward, ""]), encoding="ascii")
        self._compile(_EMPTY_DLL, self.python / "python3.dll", "-shared", "-nostdlib", more=(str(exports),))

    def _compile(self, source: str, to: Path, *options: str, more: Sequence[str] = ()) -> None:
        path = self.work / f"{to.stem}.c"
        path.write_text(source, encoding="ascii")
        run([COMPILER, *options, str(path), "-o", str(to), *more])

    def _project(self) -> None:
        """This project with its dependencies for Windows, and a copy of its tests."""
        self._install("--reinstall-package", "wanx-mcp", str(ROOT), *TEST_NEEDS, into=self.packages)
        shutil.rmtree(self.drive / "main", ignore_errors=True)
        for name in ("tests", "wanx_mcp", "pyproject.toml", "README.md", "server.json", ".github", ".ci"):
            source, to = ROOT / name, self.drive / "main" / name
            if source.is_dir():
                shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            else:
                shutil.copy(source, to)

    def _install(self, *what: str, into: Path) -> None:
        target = ("--python-platform", "x86_64-pc-windows-msvc", "--python-version", python_version())
        wheels = ("--only-binary", ":all:", "--no-binary", "wanx-mcp")
        run([uv(), "pip", "install", "--no-config", *wheels, *target, "--target", str(into), *what])

    def start(self, *arguments: str, seconds: float) -> int:
        """Run that Python in C:\\main and print what it prints. Returns the exit code."""
        command = [str(WINE), "C:\\python\\python.exe", *arguments]
        # Wine gives Python no usable handle for a plain file or a closed stdin: both ends are pipes.
        with subprocess.Popen(
            command,
            cwd=self.drive / "main",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
                sys.stdout.flush()
            return process.wait(timeout=seconds)


def run_tests(work: Path, tests: Sequence[str]) -> int:
    """Run these tests of pytest under Windows. Returns the exit code. Raises CannotRunError."""
    if sys.platform != "linux":
        raise CannotRunError("Wine is used on Linux alone")
    windows = Windows(work)
    windows.prepare()
    for name, why in LIMITS.items():
        print(f"Not run under Wine: {name}: {why}", flush=True)
    left_out = [word for name in LIMITS for word in ("--deselect", name)]
    options = (
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "-rfE",
        "--tb=short",
        "--timeout",
        str(TEST_SECONDS),
        *left_out,
    )
    return windows.start("-m", "pytest", *options, *tests, seconds=60)

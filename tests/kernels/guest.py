# SPDX-License-Identifier: MIT OR Apache-2.0
"""The file tree of a guest: programs with the libraries that they need, Python with as much of its own as a script imports; packed as an initramfs."""
import modulefinder
import os
import re
import shutil
import subprocess
import sys
import sysconfig

PYTHON = '/usr/bin/python3'

# What Python imports before any script, and what the tests' snippets of Python do.
ALWAYS_IMPORTED = ('site', 'encodings.utf_8', 'encodings.ascii', 'encodings.latin_1', 'encodings.idna', 'ctypes')
NEVER_IMPORTED = ('tkinter', 'test', 'pydoc', 'doctest', 'pdb', 'multiprocessing', 'xml', 'email.mime', 'lib2to3')


def command(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} gave {done.returncode}:\n{done.stdout}{done.stderr}')
    return done.stdout


class Tree:
    """A folder that becomes the root of the guest."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder + '/usr')

    def file(self, path, source=None, text=None):
        target = self.folder + path
        if os.path.exists(target):
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if source:
            shutil.copy(source, target)
            return
        with open(target, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(target, 0o755)

    def source(self, source, path):
        """A file or folder as it is."""
        target = self.folder + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)

    def libraries(self, binary):
        for library in re.findall(r'(/\S+) \(0x', command('ldd', binary)):
            self.file(library, library)

    def program(self, path, source):
        """The program without what is for debuggers, which is nine tenths of it."""
        self.file(path, source)
        command('strip', self.folder + path)
        self.libraries(source)

    def python(self, *scripts, path):
        """The interpreter, and the modules that these scripts import, found below `path` (which is not copied) or among Python's own."""
        self.program(PYTHON, os.path.realpath(PYTHON))
        finder = modulefinder.ModuleFinder([*path, *sys.path], excludes=NEVER_IMPORTED)
        for module in ALWAYS_IMPORTED:
            finder.import_hook(module)
        for script in scripts:
            finder.load_file(script)
        home = sysconfig.get_path('stdlib')
        for file in (module.__file__ for module in finder.modules.values() if module.__file__):
            if not file.startswith(home):
                continue
            self.file(file, file)
            if file.endswith('.so'):
                self.libraries(file)
        command(PYTHON, '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', '-s', self.folder, self.folder + home)

    def pack(self):
        """The initramfs."""
        archive = self.folder + '.cpio'
        with open(archive, 'wb') as out:
            names = subprocess.run(['find', '.', '-print0'], cwd=self.folder, stdout=subprocess.PIPE, check=True).stdout
            subprocess.run(['cpio', '--quiet', '-0', '-o', '-H', 'newc'], cwd=self.folder, input=names, stdout=out, check=True)
        return archive

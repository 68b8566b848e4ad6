"""Unpacks the collection kubernetes.core of the wheel of all collections in this folder: `unpack.py FOLDER`."""

import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("ansible-*.whl")
with zipfile.ZipFile(wheel) as archive:
    wanted = [name for name in archive.namelist() if name.startswith("ansible_collections/kubernetes/core/")]
    archive.extractall(folder, wanted)
wheel.unlink()

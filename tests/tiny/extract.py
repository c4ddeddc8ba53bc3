"""Writes the C++ files that a page shows: each block whose first line is a comment with the file's name."""
import re
import sys
from pathlib import Path

page, folder = sys.argv[1:]
blocks = re.findall(r"^```cpp\n(// (\S+)\n.*?)^```$", Path(page).read_text(), re.M | re.S)
if not blocks:
    sys.exit(f"{page} shows no file")
for text, name in blocks:
    file = Path(folder) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

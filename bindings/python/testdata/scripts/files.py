"""What reads and writes files."""

import os
import sys
from pathlib import Path

import wandb

entity = sys.argv[1]
place = f"{entity}/vision"
api = wandb.Api()


def tree(root: str) -> list[str]:
    found = []
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            found.append(f"{os.path.relpath(path, root)} {os.path.getsize(path)}")
    return sorted(found)


pets = api.artifact(f"{place}/pets:v2")
root = pets.download("here")
print(root, tree(root))
print(pets.verify("here"))
print(tree(api.artifact(f"{place}/pets:v2").download(root="some", path_prefix="parts/part-1")))
default = pets.download()
print(os.path.relpath(default), tree(default))

entry = pets.get_entry("parts/part-0.csv")
print(os.path.relpath(entry.download("entry")), tree("entry"))
print(api.artifact(f"{place}/detector:production").file("single"))

with pets.files()[0].download("one") as file:
    print(os.path.relpath(file.name), len(file.read()))
try:
    pets.files()[0].download("one")
except Exception as e:
    print("refused", "exists" in str(e))
pets.files()[0].download("one", exist_ok=True).close()

Path("here/parts/part-0.csv").write_text("changed\n")
try:
    pets.verify("here")
except ValueError as e:
    print("differs", e)
pets.download("here")
Path("here/extra.txt").write_text("not part of it\n")
try:
    pets.verify("here")
except ValueError:
    print("differs")
print(tree(pets.checkout("here")))

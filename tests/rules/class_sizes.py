#!/usr/bin/env python3
"""class_sizes.py ROOT: no class of app, core and widgets has more than 400 lines in all its files together.

Counted are the lines of the class's own body (from `class Name` to `};`) and of its members' definitions outside
(from the line with `Name::` to the closing brace), in every file. A class spread over many short files is a long class.
large_classes.txt beside this script lists those that are over today, with their size: they may shrink, never grow.
"""
import collections
import pathlib
import re
import sys

MOST = 400
BODY = re.compile(r"^(?:class|struct) (\w+)(?: final)?(?: : [^;]*)?$|^(?:class|struct) (\w+)(?: final)?(?: :[^;]*)? \{$")
MEMBER = re.compile(r"^(?! )(?!//)(?!#)(?:[\w:<>,&*\[\] ]+[ &*])?(\w+)(?:<[\w, ]+>)?::~?(?:\w+|operator[^(]+)\(")


def block(lines, start):
    """Line after the block that begins at `start`: its closing brace stands in the first column."""
    if lines[start].rstrip().endswith((";", "}")):
        return start + 1
    for at in range(start + 1, len(lines)):
        if lines[at].startswith("}"):
            return at + 1
    return start + 1


def sizes_of(root):
    sizes = collections.Counter()
    files = collections.defaultdict(set)
    for folder in ("app", "core", "widgets"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            at = 0
            while at < len(lines):
                body = BODY.match(lines[at])
                member = None if body else MEMBER.match(lines[at])
                if not body and not member:
                    at += 1
                    continue
                name = (body.group(1) or body.group(2)) if body else member.group(1)
                end = block(lines, at)
                if end - at > 1 or member:
                    key = (folder, name)
                    if body and path.suffix == ".cpp":
                        key = (str(path.relative_to(root)), name)
                    sizes[key] += end - at
                    files[key].add(str(path.relative_to(root)))
                at = max(end, at + 1)
    # Members defined in the file of a file-local class belong to it.
    for (place, name), size in list(sizes.items()):
        if place.endswith(".cpp"):
            outside = sizes.get((place.split("/")[0], name), 0)
            if outside and files[(place.split("/")[0], name)] == {place}:
                sizes[(place, name)] += sizes.pop((place.split("/")[0], name))
    return sizes, files


def main():
    root = pathlib.Path(sys.argv[1])
    allowed = {}
    for line in (pathlib.Path(__file__).parent / "large_classes.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, size = line.split()
            allowed[name] = int(size)
    sizes, files = sizes_of(root)
    bad = []
    seen = set()
    for (place, name), size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size <= MOST:
            break
        seen.add(name)
        where = ", ".join(sorted(files[(place, name)]))
        if name not in allowed:
            bad.append(f"{name}: {size} lines, at most {MOST} ({where})")
        elif size > allowed[name]:
            bad.append(f"{name}: {size} lines, was {allowed[name]}: it may only shrink ({where})")
        elif size < allowed[name]:
            print(f"{name} has shrunk to {size}: write that into large_classes.txt")
    for name in sorted(set(allowed) - seen):
        print(f"{name} is no longer large: take it off large_classes.txt")
    if "--list" in sys.argv:
        for (place, name), size in sizes.most_common(25):
            print(size, name, len(files[(place, name)]), "files")
    if bad:
        sys.exit("\n".join(["Classes that are too large in all their files together:"] + bad))


main()

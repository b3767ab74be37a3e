#!/usr/bin/env python3
"""Checks an export of Pilotline's audit record without Pilotline: verify-audit.py FILE [NUMBER:HASH]"""
import hashlib, json, sys

last, anchor = None, sys.argv[2].split(":") if len(sys.argv) > 2 else None
for number, line in enumerate(open(sys.argv[1], encoding="utf-8", newline="\n"), 1):
    entry = json.loads(line)
    found = entry.pop("hash")
    # RFC 8785 for text and whole numbers: sorted keys, no blanks, nothing escaped that need not be.
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != found:
        sys.exit(f"line {number}: its content or its hash was changed")
    before = last or ((0, "0" * 64) if entry["n"] == 1 else (entry["n"] - 1, entry["previousHash"]))
    if (entry["n"] - 1, entry["previousHash"]) != before:
        sys.exit(f"line {number}: does not follow the line before")
    if anchor and entry["n"] == int(anchor[0]) and found != anchor[1]:
        sys.exit(f"line {number}: not the hash that was kept")
    last = (entry["n"], found)
if last is None or (anchor and last[0] < int(anchor[0])):
    sys.exit("the end was cut off")
print(f"sound up to {last[0]}:{last[1]}")

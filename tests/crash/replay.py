"""A disk that loses power: from the records of shim.c to the folders that may be found afterwards.

Only this is sure to be there: what was written to a file before a sync of that file, and a name that
was made, moved or removed before a sync of its folder. A rename is in both folders or in none. Of all
else any part may be there: each name or none, of each write each sector of 512 bytes or none, whatever
the order was.
"""

import os
import random

SECTOR = 512


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []  # (offset, data), or (length, None) for a truncation


class Folder:
    def __init__(self):
        self.durable = {}


class Change:
    """Of names: [(folder, name, object or None)], all or nothing."""

    def __init__(self, *effects):
        self.effects = list(effects)

    def apply(self, names):
        for folder, name, thing in self.effects:
            entries = names(folder)
            if thing is None:
                entries.pop(name, None)
            else:
                entries[name] = thing


def apply_write(content, offset, data):
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset:offset + len(data)] = data


def look(root):
    """What is on a disk before its records begin, all of it durable: (folder, name, inode, contents or None)."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            content = None
            if name in files:
                with open(path, "rb") as file:
                    content = file.read()
            found.append((os.stat(folder).st_ino, name, os.stat(path).st_ino, content))
    return found


class Disk:
    """Takes records one by one. `ignore(path, object, record)`: such syncs are lost; `found` is what look() gave."""

    def __init__(self, root, ignore=None, found=()):
        self.root = Folder()
        self.objects = {os.stat(root).st_ino: self.root}
        self.now = {self.root: {}}     # names as the running system sees them
        self.paths = {self.root: ""}   # of each object, the last one it had
        self.pending = []              # changes of names that are not durable
        self.ignore = ignore
        for folder, name, inode, content in found:
            self.put(self.objects[folder], name, inode, content)

    def put(self, folder, name, inode, content):
        thing = Folder() if content is None else File()
        if content is None:
            self.now[thing] = {}
        else:
            thing.durable = bytearray(content)
        self.objects[inode] = folder.durable[name] = self.now[folder][name] = thing
        self.paths[thing] = self.paths[folder] + "/" + name

    # --- the records ---

    def take(self, record):
        getattr(self, "take_" + record.kind)(record)

    def change(self, *effects):
        change = Change(*effects)
        for folder, name, thing in effects:
            if thing is not None:
                self.paths[thing] = self.paths[folder] + "/" + name
        change.apply(lambda folder: self.now[folder])
        self.pending.append(change)

    def take_create(self, record, thing=None):
        thing = thing or File()
        self.objects[record.other] = thing
        self.change((self.objects[record.inode], record.name, thing))

    def take_mkdir(self, record):
        folder = Folder()
        self.now[folder] = {}
        self.take_create(record, folder)

    def take_unlink(self, record):
        self.change((self.objects[record.inode], record.name, None))

    def take_rename(self, record):
        old, new = self.objects[record.inode], self.objects[record.other]
        self.change((old, record.name, None), (new, record.to, self.now[old][record.name]))

    def take_write(self, record):
        self.objects[record.inode].pending.append((record.offset, record.data))

    def take_truncate(self, record):
        self.objects[record.inode].pending.append((record.offset, None))

    def take_sync(self, record):
        thing = self.objects[record.inode]
        if self.ignore and self.ignore(self.paths[thing], thing, record):
            return
        if isinstance(thing, File):
            for offset, data in thing.pending:
                apply_write(thing.durable, offset, data)
            thing.pending.clear()
        else:
            self.sync_folder(thing)

    def take_lost(self, record):
        """A sync that failed: what it should have written may be gone, and a later one does not know."""
        thing = self.objects[record.inode]
        if isinstance(thing, File):
            thing.pending.clear()

    def sync_folder(self, folder):
        """Its changes, and of what they touch elsewhere all that came before."""
        for index, change in enumerate(self.pending):
            if any(effect[0] is folder for effect in change.effects):
                for earlier in self.pending[:index]:
                    earlier.effects = [e for e in earlier.effects
                                       if not any(e[:2] == touched[:2] for touched in change.effects)]
                change.apply(lambda folder: folder.durable)
                change.effects = []
        self.pending = [change for change in self.pending if change.effects]

    # --- the cut ---

    def write_to(self, target, choice):
        """Makes the folder `target` as the disk may be found."""
        names = {}
        choice.begin()

        def of(folder):
            return names.setdefault(folder, dict(folder.durable))
        for change in self.pending:
            if choice.name():
                change.apply(of)
        self.write_folder(self.root, target, of, choice)

    def write_folder(self, folder, target, names, choice):
        os.makedirs(target, mode=0o700, exist_ok=True)
        for name, thing in names(folder).items():
            path = os.path.join(target, name)
            if isinstance(thing, Folder):
                self.write_folder(thing, path, names, choice)
                continue
            content = bytearray(thing.durable)
            for offset, data in thing.pending:
                for part in choice.parts(offset, data):
                    apply_write(content, *part)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)


class Choice:
    """What of the rest is there: `names` and `data` each all or nothing, or by chance."""

    def __init__(self, name, seed=None):
        self.text = name
        self.seed = seed
        self.begin()
        self.all_names = name in ("most", "names")
        self.all_data = name in ("most", "data")

    def begin(self):
        """The same chance again."""
        self.chance = None if self.seed is None else random.Random(self.seed)

    def name(self):
        return self.chance.random() < 0.5 if self.chance else self.all_names

    def parts(self, offset, data):
        if not self.chance:
            return [(offset, data)] if self.all_data else []
        fate = self.chance.randrange(3)
        if fate == 0:
            return []
        if fate == 1 or data is None:
            return [(offset, data)]
        return [part for part in sectors(offset, data) if self.chance.random() < 0.5]


def sectors(offset, data):
    """The write, cut at the borders of sectors."""
    at = 0
    while at < len(data):
        step = min(SECTOR - (offset + at) % SECTOR, len(data) - at)
        yield offset + at, data[at:at + step]
        at += step
